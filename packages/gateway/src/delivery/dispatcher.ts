import { messageOf, startLoop, type Clock, type Log, type Loop } from '@talaria/core'
import type { GatewayStores, Outbound } from '@talaria/db'
import { splitText } from '../chats/split-text.ts'
import type { Platform } from '../platforms/platform.ts'
import { PlatformError } from '../platforms/platform-error.ts'
import { roomForText } from './duplicate-label.ts'
import { retryDelayMs } from './retry-delay.ts'
import { sendRow } from './send-row.ts'

/** Messages of one platform under way at once; a chat has one. */
const MOST_AT_ONCE = 16

/** How long a message is tried before it is put to the dead letters. */
const LONGEST_TRY_MS = 24 * 3_600_000

/** Nor before it was tried so often: what waited while its platform was down for a day has not been tried at all. */
const FEWEST_ATTEMPTS = 10

/** How often a message may be sent again that may have arrived each time: a chat is not flooded with copies. */
const MOST_UNCERTAIN_ATTEMPTS = 3

/** Times the attempts so far: what broke this connection may break the next, and there are few tries. */
const UNCERTAIN_WAIT_MS = 8_000

/** Between two looks whether a platform that is down has come back. */
const LOOK_MS = 1_000

/** What a stop waits for messages that have left. */
const STOP_PATIENCE_MS = 5_000

export interface DispatcherOptions {
  readonly platform: string
  readonly stores: Pick<GatewayStores, 'outbound' | 'chats'>
  readonly runner: { readonly id: string }
  /** The platform while it is connected. */
  readonly connected: () => Platform | undefined
  readonly clock: Clock
  readonly log: Log
}

/** Sends what the outbox holds for one platform: each chat's messages in order, different chats side by side. */
export class Dispatcher implements AsyncDisposable {
  readonly #options: DispatcherOptions
  readonly #loop: Loop
  readonly #sending = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #nap = new AbortController()

  /** Starts at once. */
  constructor(options: DispatcherOptions) {
    this.#options = options
    const { platform, clock, log } = options
    this.#loop = startLoop({ name: `delivery to ${platform}`, everyMs: LOOK_MS, clock, log, step: (signal) => this.#round(signal) })
  }

  /** Looks now whether there is something to send. */
  wake(): void {
    this.#loop.wake()
  }

  /** What has left gets a moment to be acknowledged; what has not is recorded as uncertain. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop[Symbol.asyncDispose]()
    this.#nap.abort()
    const patience = new AbortController()
    await Promise.race([Promise.allSettled(this.#sending), this.#options.clock.delay(STOP_PATIENCE_MS, patience.signal).catch(() => {})])
    patience.abort()
    this.#stop.abort(new Error('the gateway stops'))
    await Promise.allSettled(this.#sending)
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { platform: name, stores, runner, clock } = this.#options
    const platform = this.#options.connected()
    const room = MOST_AT_ONCE - this.#sending.size
    if (!platform || room <= 0) return
    // Asked before anything is claimed: a claim is a write, which would wake everybody who waits for one.
    const dueAt = await stores.outbound.nextDueAt(name)
    if (dueAt === undefined || signal.aborted) return
    if (dueAt > clock.now()) return this.#wakeAt(dueAt)
    for (const row of await stores.outbound.claimDue(name, runner.id, room)) {
      const sending = this.#send(row, platform).finally(() => {
        this.#sending.delete(sending)
        this.#loop.wake()
      })
      this.#sending.add(sending)
    }
  }

  /** The loop looks every second anyway; what is due sooner need not wait for that. */
  #wakeAt(dueAt: number): void {
    const waitMs = dueAt - this.#options.clock.now()
    if (waitMs >= LOOK_MS) return
    this.#nap.abort()
    this.#nap = new AbortController()
    void this.#options.clock.delay(waitMs, this.#nap.signal).then(
      () => this.#loop.wake(),
      () => {},
    )
  }

  async #send(row: Outbound, platform: Platform): Promise<void> {
    const { stores, runner, clock } = this.#options
    try {
      const messageId = await sendRow(await this.#fitting(row, platform), { platform, clock, signal: this.#stop.signal })
      await this.#write(row, () => stores.outbound.sent(row.id, runner.id, { messageId }))
    } catch (error) {
      await this.#write(row, () => this.#fail(row, error instanceof PlatformError ? error : new PlatformError('internal', messageOf(error), { cause: error })))
    }
  }

  /** What was written while nobody knew how much the platform takes is cut now, each part a row of its own: a crash between two sends none again. */
  async #fitting(row: Outbound, { capabilities }: Platform): Promise<Outbound> {
    const { stores, runner } = this.#options
    if (row.text.length <= capabilities.maxLength) return row
    const [text = '', ...others] = splitText(row.text, roomForText(capabilities.maxLength))
    await stores.outbound.split(row.id, runner.id, [text, ...others])
    return { ...row, text }
  }

  /** Records a failure by the one table of failures. */
  async #fail(row: Outbound, failure: PlatformError): Promise<unknown> {
    const { platform: name, stores, runner, clock, log } = this.#options
    const { outbound, chats } = stores
    const what = { code: failure.code, error: failure.message }
    const { message: policy } = failure.policy
    log.warn({ platform: name, outbound: row.id, attempts: row.attempts, policy, ...what }, 'a message could not be sent')
    if (policy === 'park') {
      await chats.park(row.address, failure.code, failure.message)
      return outbound.retry(row.id, runner.id, { at: clock.now(), ...what })
    }
    const isOld = clock.now() - row.createdAt > LONGEST_TRY_MS
    if (policy === 'dead' || (isOld && row.attempts >= FEWEST_ATTEMPTS)) return outbound.dead(row.id, runner.id, what)
    const isUncertain = policy !== 'retry' && row.sentMessageId === null
    const waitMs = retryDelayMs(row.attempts, failure.retryAfterMs)
    const at = clock.now() + (isUncertain ? Math.max(waitMs, UNCERTAIN_WAIT_MS * row.attempts) : waitMs)
    // An edit may be made twice and is still one message.
    if (!isUncertain) return outbound.retry(row.id, runner.id, { at, ...what })
    return outbound.uncertain(row.id, runner.id, { ...what, ...(row.attempts < MOST_UNCERTAIN_ATTEMPTS && { at }) })
  }

  /** What the platform did is done: it is written down however long the database refuses, or the next gateway would do it again. */
  async #write(row: Outbound, write: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await write()
        return
      } catch (error) {
        this.#options.log.error({ err: error, outbound: row.id }, 'what became of a message could not be written; trying again')
        if (this.#stop.signal.aborted) return
        await this.#options.clock.delay(LOOK_MS, this.#stop.signal).catch(() => {})
      }
    }
  }
}
