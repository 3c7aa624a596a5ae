import { writeFile } from 'node:fs/promises'
import { getActiveResourcesInfo } from 'node:process'
import { createId } from '@talaria/core'
import { descriptorsOf, expectSameDescriptors, until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import type { ChatAddress } from '../src/chats/chat-address.ts'
import type { OutboundMessage } from '../src/chats/outbound-message.ts'
import type { PlatformDefinition } from '../src/platforms/definition.ts'
import type { Platform } from '../src/platforms/platform.ts'
import { settledHeap } from './settled-heap.ts'
import { openAttempt, type TestAttempt } from './open-attempt.ts'

/** What a service can be told to do wrong, until it is healed. */
export type RemoteFault =
  /** Refuses connections and calls in a way that may pass: 503, or nobody listens. */
  | 'unavailable'
  /** Does not accept our credentials. */
  | 'unauthorised'
  /** Accepts and never answers. */
  | 'hangs'
  /** Answers calls with its flood control, and says how long to wait. */
  | 'rate_limits'
  /** Takes the next message and closes the connection before answering. */
  | 'dies_after_send'

/** A message of ours as the service has it. `text` is what people read, without markup of the platform. */
export interface RemoteMessage {
  readonly messageId: string
  readonly text: string
  readonly reaction?: string | undefined
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** The other side of a platform, on loopback or in memory: what its people and its operator do there. */
export interface Remote extends AsyncDisposable {
  readonly definition: PlatformDefinition
  /** Settings with which the definition reaches it. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Where the person is whom `say` speaks for, `account` apart, which we learn by connecting. */
  readonly chat: Omit<ChatAddress, 'account' | 'platform'>
  /** A person writes to us; the service delivers it again as long as nobody has acknowledged it. */
  say(text: string, file?: { readonly name: string; readonly bytes: Uint8Array }): void | Promise<void>
  /** How many messages of people the service knows to have arrived. */
  acknowledged(): number
  sent(): readonly RemoteMessage[]
  /** How often it was told that we are writing. */
  typings(): number
  fail(fault: RemoteFault): void | Promise<void>
  heal(): void | Promise<void>
  /** Closes every connection to it now. */
  drop(): void | Promise<void>
  /** How often it was asked anything at all; an attempt that hangs is given up once it has been asked. */
  asked(): number
}

/** Sentences of the contract that a platform cannot keep, each with the reason. */
export type ContractExceptions = Partial<
  Record<'acknowledges' | 'redelivers' | 'loses' | 'rate_limits' | 'unknown_outcome' | 'refuses_credentials' | 'unavailable' | 'hangs', string>
>

const PATIENCE_MS = 8_000
const FAILING = ['unavailable', 'unauthorised', 'hangs'] as const
const ATTEMPTS = process.env.TALARIA_TEST_FULL ? 1_000 : 8

/** More than the collector is late with, less than a hundred bytes for each of a thousand attempts would be with their buffers. */
const HEAP_SLACK_BYTES = 4 * 1024 * 1024

/**
 * Registers the tests that every platform passes. `setUp` starts its service, of its own for each test; what a platform cannot
 * do by its capabilities is left out, what it cannot keep for another reason stands in `exceptions`.
 */
export function platformContract(name: string, setUp: () => Remote | Promise<Remote>, exceptions: ContractExceptions = {}): void {
  describe(`${name} keeps the contract of a platform`, () => {
    test('it connects, answers its probe, and says whom we are', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      expect(t.platform.account).not.toBe('')
      expect(t.platform.capabilities.maxLength).toBeGreaterThan(100)
      await t.platform.probe(signal())
    })

    test('what its capabilities name it has, and nothing else', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      const { capabilities, edit, typing, react, download } = t.platform
      expect({ edit: !!edit, typing: !!typing, react: !!react, download: !!download }).toEqual({
        edit: capabilities.edits,
        typing: capabilities.typing,
        react: capabilities.reactions,
        download: capabilities.files,
      })
    })

    test('a message that is sent arrives once, and has the id that the service knows it by', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      const { messageId } = await t.platform.send(t.message('Hello there'), signal())
      await until('it arrived', PATIENCE_MS, () => remote.sent().length > 0)
      expect(remote.sent()).toMatchObject([{ messageId, text: 'Hello there' }])
    })

    test.skipIf(exceptions.acknowledges !== undefined)(
      'a message of a person comes in with its words, and is acknowledged only once it was taken',
      async () => {
        await using remote = await setUp()
        await using t = await connected(remote)
        const taken = Promise.withResolvers<void>()
        const offered = Promise.withResolvers<void>()
        t.onReceive = () => {
          offered.resolve()
          return taken.promise
        }
        await remote.say('Are you there?')
        await offered.promise
        await pause(50)
        expect([remote.acknowledged(), t.received.length]).toEqual([0, 0])
        taken.resolve()
        await until('it is acknowledged', PATIENCE_MS, () => remote.acknowledged() === 1)
        expect(t.received).toMatchObject([{ text: 'Are you there?', address: t.address, attachments: [] }])
      },
    )

    test.skipIf(exceptions.redelivers !== undefined)('a message that could not be taken comes again', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      let refusals = 0
      t.onReceive = () => {
        if (refusals++ === 0) throw new Error('The disk is full.')
      }
      await remote.say('Once more')
      await until('it was taken', PATIENCE_MS, () => t.received.length === 1)
      expect(refusals).toBeGreaterThan(1)
      await until('it is acknowledged', PATIENCE_MS, () => remote.acknowledged() === 1)
    })

    test('a message can be changed, marked and announced, where the platform can', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      const { edit, typing, react } = t.platform
      const { messageId } = await t.platform.send(t.message('First words'), signal())
      await edit?.call(t.platform, t.address, messageId, 'Last words', signal())
      if (edit) await until('it was changed', PATIENCE_MS, () => remote.sent().some(({ text }) => text === 'Last words'))
      await typing?.call(t.platform, t.address, signal())
      if (typing) await until('it was told', PATIENCE_MS, () => remote.typings() > 0)
      await react?.call(t.platform, t.address, messageId, '👍', signal())
      if (react) await until('it is marked', PATIENCE_MS, () => remote.sent().some(({ reaction }) => reaction !== undefined))
      expect(remote.sent()).toHaveLength(1)
    })

    test('files go both ways, and one that is too large is refused before it fills the memory', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      const { capabilities, download } = t.platform
      if (!capabilities.files) return
      using home = temporaryHome()
      const bytes = Uint8Array.from({ length: 3_000 }, (_, index) => index % 251)
      await writeFile(home.file('numbers.bin'), bytes)
      const file = { kind: 'document', path: home.file('numbers.bin'), name: 'numbers.bin', mediaType: 'application/octet-stream' } as const
      await t.platform.send({ ...t.message('With a file'), attachments: [file] }, signal())
      await until('the file arrived', PATIENCE_MS, () => remote.sent().some(({ files }) => files.length === 1))
      const arrived = remote.sent().flatMap(({ files }) => files.map((one) => ({ name: one.name, hex: hexOf(one.bytes) })))
      expect(arrived).toEqual([{ name: 'numbers.bin', hex: hexOf(bytes) }])

      await remote.say('And back', { name: 'back.bin', bytes })
      await until('it came', PATIENCE_MS, () => t.received.some(({ attachments }) => attachments.length === 1))
      const attachment = t.received.flatMap(({ attachments }) => attachments)[0]!
      expect(hexOf(await download!.call(t.platform, attachment, { maxBytes: 3_000 }, signal()))).toBe(hexOf(bytes))
      await expect(download!.call(t.platform, attachment, { maxBytes: 2_999 }, signal())).rejects.toMatchObject({ code: 'attachment_too_large' })
    })

    test('what is longer than it says is refused as too long, and nothing of it is sent', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      await expect(t.platform.send(t.message('x'.repeat(t.platform.capabilities.maxLength + 1)), signal())).rejects.toMatchObject({ code: 'too_long' })
      expect(remote.sent()).toEqual([])
    })

    test.skipIf(exceptions.refuses_credentials !== undefined)('credentials that are refused are a setting for a person to change', async () => {
      await using remote = await setUp()
      await remote.fail('unauthorised')
      await using t = openAttempt(remote.definition, remote.settings)
      await expect(t.attempt.connect()).rejects.toMatchObject({ code: 'auth_failed', policy: { connection: 'misconfigured' } })
    })

    test.skipIf(exceptions.unavailable !== undefined)('a service that is not there is tried again', async () => {
      await using remote = await setUp()
      await remote.fail('unavailable')
      await using t = openAttempt(remote.definition, remote.settings)
      await expect(t.attempt.connect()).rejects.toMatchObject({ policy: { connection: 'retryable', message: 'retry' } })
    })

    test.skipIf(exceptions.rate_limits !== undefined)('flood control says how long to wait', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      await remote.fail('rate_limits')
      const refusal = await t.platform.send(t.message('Too much'), signal()).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
      expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0)
      expect(remote.sent()).toEqual([])
    })

    test.skipIf(exceptions.unknown_outcome !== undefined)(
      'when the connection dies after a message has left, nobody claims to know what became of it',
      async () => {
        await using remote = await setUp()
        await using t = await connected(remote)
        await remote.fail('dies_after_send')
        await expect(t.platform.send(t.message('Did you get this?'), signal())).rejects.toMatchObject({ code: 'unknown_outcome' })
      },
    )

    test.skipIf(exceptions.hangs !== undefined)('a call ends with its signal though the service never answers', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      await remote.fail('hangs')
      await expect(t.platform.probe(AbortSignal.timeout(100))).rejects.toBeInstanceOf(Error)
    })

    test.skipIf(exceptions.loses !== undefined)('a connection that dies is reported, once, as something to try again', async () => {
      await using remote = await setUp()
      await using t = await connected(remote)
      await remote.drop()
      expect(await t.attempt.ended).toMatchObject({ policy: { connection: 'retryable' } })
    })

    test('what was connected leaves nothing when it ends: no file, no timer, no socket', async () => {
      await using remote = await setUp()
      await (await connected(remote))[Symbol.asyncDispose]()
      // The service's end of what was connected closes a little later, and must not be counted before.
      await pause(50)
      await expectNothingLeft(async () => {
        for (let times = 0; times < 3; times++) {
          await using t = await connected(remote)
          await t.platform.send(t.message('Hello'), signal())
        }
      })
    })

    describe.each(FAILING.filter((kind) => !exceptions[kind === 'unauthorised' ? 'refuses_credentials' : kind]))('of a service (%s)', (kind) => {
      /** @see I-2: each retry makes a fresh adapter that is dropped undisposed (PR #37053, issue #37011) */
      test(`${ATTEMPTS} attempts leave nothing behind`, { timeout: 600_000 }, async () => {
        await using remote = await setUp()
        await remote.fail(kind)
        for (let times = 0; times < 3; times++) await failOnce(remote)
        const before = settledHeap()
        await expectNothingLeft(async () => {
          for (let times = 0; times < ATTEMPTS; times++) await failOnce(remote)
        })
        expect(settledHeap() - before).toBeLessThan(HEAP_SLACK_BYTES)
      })
    })
  })
}

interface Connected extends TestAttempt {
  readonly platform: Platform
  readonly address: ChatAddress
  message(text: string): OutboundMessage
}

async function connected(remote: Remote): Promise<Connected> {
  const opened = openAttempt(remote.definition, remote.settings)
  try {
    const platform = await opened.attempt.connect()
    const address = { platform: remote.definition.name, account: platform.account, ...remote.chat }
    return Object.assign(opened, { platform, address, message: (text: string) => ({ id: createId('out'), address, text, attachments: [] }) })
  } catch (error) {
    await opened[Symbol.asyncDispose]()
    throw error
  }
}

/** One attempt that must fail; one that hangs is given up once the service was asked, as the deadline would. */
async function failOnce(remote: Remote): Promise<void> {
  const asked = remote.asked()
  await using t = openAttempt(remote.definition, remote.settings)
  const failed = t.attempt.connect().then(
    () => expect.unreachable('It connected.'),
    () => true,
  )
  if (await Promise.race([failed, until('it was asked', PATIENCE_MS, () => remote.asked() > asked).then(() => false)])) return
  await Promise.race([failed, pause(10)])
}

/** Timers and sockets of this process, services on loopback included, are as many after as before. */
async function expectNothingLeft(work: () => Promise<void>): Promise<void> {
  const before = { descriptors: await descriptorsOf(), resources: lasting() }
  await work()
  await expectSameDescriptors(before.descriptors, { patienceMs: PATIENCE_MS })
  await until('no timer and no socket is left', PATIENCE_MS, () => lasting().length <= before.resources.length).catch((cause: unknown) => {
    throw new Error(`Left behind: before ${before.resources.join(', ')}; after ${lasting().join(', ')}`, { cause })
  })
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const lasting = () => getActiveResourcesInfo().filter((kind) => /^(Timeout|TCP|Pipe|TLS|FSEvent|StatWatcher|ProcessWrap)/.test(kind))
const signal = () => AbortSignal.timeout(PATIENCE_MS)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
