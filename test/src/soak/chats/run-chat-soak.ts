import { isDeepStrictEqual } from 'node:util'
import { messageOf, type Clock } from '@talaria/core'
import { until } from '@talaria/core/testing'
import { untilPlatforms } from '../../platforms/until-platforms.ts'
import { quietOpenOf, type OpenOf } from '../../testing/open-of.ts'
import { Random } from '../../testing/random.ts'
import { takeSamples, type Sample } from '../samples.ts'
import { judgeWear, type Finding } from '../verdict.ts'
import { acceptedRows, asideRows, unknownRows, waitingRows } from './chat-rows.ts'
import type { ChatPeer } from './chat-peer.ts'
import { Conversations, talk } from './conversations.ts'
import { judgeChats, type ChatRecord, type ChatsVerdict } from './judge-chats.ts'
import { MortalGateway } from './mortal-gateway.ts'
import { failNowAndThen } from './peer-faults.ts'
import { startPeers } from './start-peers.ts'

/** The last gateway lives for the rest: of ten minutes six, from which on memory can be judged. */
const SHARE_WITH_KILLS = 0.4

/** Longer than the back-off that a few failures in a row lead to. */
const PATIENCE_MS = 5 * 60_000

/** Clients keep connections for a while in case that they need them again. */
const IDLE_PATIENCE_MS = 60_000

/** Our servers close an idle connection after 5 s, as Node's do. */
const REST_MS = 12_000
const LOOK_MS = 500

const SAMPLES = 120
const SHORTEST_INTERVAL_MS = 250

export interface ChatSoakOptions {
  readonly minutes: number
  readonly kills: number
  readonly seed: number
  /** Messages a second, on all platforms together. */
  readonly rate: number
  readonly clock: Clock
  /** What is being done. */
  readonly onLine: (line: string) => void
}

export interface ChatSoakOutcome {
  readonly said: number
  /** How often which fault was made, such as `telegram hangs`. */
  readonly faults: ReadonlyMap<string, number>
  readonly chats: ChatsVerdict
  readonly samples: readonly Sample[]
  readonly findings: readonly Finding[]
}

/**
 * Has people talk to a gateway on all platforms while they fail and it is killed, and looks whether all were answered.
 *
 * @throws Error with the end of its log, when it could not be brought to answer all.
 */
export async function runChatSoak(options: ChatSoakOptions): Promise<ChatSoakOutcome> {
  await using peers = await startPeers(options.clock)
  await using gateway = new MortalGateway(peers.all)
  try {
    return await soak(gateway, peers.all, options)
  } catch (error) {
    throw new Error(`The soak came to no end: ${(error as Error).message}\nThe log of the gateway:\n${gateway.lastWords}`, { cause: error })
  }
}

async function soak(gateway: MortalGateway, peers: readonly ChatPeer[], options: ChatSoakOptions): Promise<ChatSoakOutcome> {
  const { onLine } = options
  const conversations = new Conversations()
  await gateway.start()
  await untilAnswered(gateway, peers, { conversations, onLine })
  const before = await openAtRest(gateway, options.clock)
  onLine(`answered everywhere, with ${JSON.stringify(before)} open`)
  const faults = new Map<string, number>()
  const samples = await storm(gateway, peers, { ...options, conversations, faults })
  onLine(`${conversations.count} messages said; everything works again, waiting for the last answers`)
  await untilAnswered(gateway, peers, { conversations, onLine })
  onLine('all is answered; waiting until it has open what it had')
  const after = await openAgain(gateway, before)
  const chats = judgeChats(recordsOf(gateway.home, conversations))
  const aside = asideRows(gateway.home)
  const findings = [answered({ ...chats, faults: [...chats.faults, ...aside] }), ...judgeWear({ before, after, samples })]
  return { said: conversations.count, faults, chats, samples, findings }
}

/** Talking, failing and killing at once; what the last gateway looked like meanwhile. */
async function storm(
  gateway: MortalGateway,
  peers: readonly ChatPeer[],
  options: ChatSoakOptions & { readonly conversations: Conversations; readonly faults: Map<string, number> },
): Promise<readonly Sample[]> {
  const { minutes, kills, seed, rate, clock, conversations, faults, onLine } = options
  const lengthMs = minutes * 60_000
  const ended = new AbortController()
  const { signal } = ended
  const everybody = [
    talk(conversations, peers, { rate, random: new Random(seed), clock, signal }),
    ...peers.map((peer, index) =>
      failNowAndThen(peer, {
        // Each its own numbers, which then do not depend on who comes first.
        random: new Random(seed + 1 + index),
        clock,
        signal,
        onFault: (name) => faults.set(`${peer.platform} ${name}`, (faults.get(`${peer.platform} ${name}`) ?? 0) + 1),
      }),
    ),
  ]
  try {
    const begun = clock.monotonic()
    const random = new Random(seed - 1)
    const times = Array.from({ length: kills }, () => random.next() * lengthMs * SHARE_WITH_KILLS).toSorted((a, b) => a - b)
    for (const [index, atMs] of times.entries()) {
      await clock.delay(Math.max(0, begun + atMs - clock.monotonic()))
      await gateway.kill()
      await gateway.start()
      onLine(`killed ${index + 1} of ${kills}, ${conversations.count} messages said`)
    }
    const leftMs = Math.max(SHORTEST_INTERVAL_MS, begun + lengthMs - clock.monotonic())
    setTimeout(() => ended.abort(), leftMs)
    return await takeSamples(gateway.now, { clock, everyMs: Math.max(SHORTEST_INTERVAL_MS, leftMs / SAMPLES), signal, onSample: onLine })
  } finally {
    ended.abort()
    await Promise.all(everybody)
  }
}

interface Answering extends Pick<ChatSoakOptions, 'onLine'> {
  readonly conversations: Conversations
}

/** Says one more thing in every chat, so that none stays set aside, and waits until nothing waits any more. */
async function untilAnswered(gateway: MortalGateway, peers: readonly ChatPeer[], { conversations, onLine }: Answering): Promise<void> {
  const names = peers.map(({ platform }) => platform)
  await untilPlatforms(gateway.now, names, PATIENCE_MS)
  onLine('connected everywhere')
  for (const peer of peers) for (const chat of peer.chats) conversations.say(peer, chat)
  const said = [...conversations.said].flatMap(([peer, chats]) => (peer.redelivers ? [...chats.values()].flat() : []))
  await until('nothing waits any more', PATIENCE_MS, async () => {
    const accepted = new Set(acceptedRows(gateway.home).map(({ number }) => number))
    return said.every((number) => accepted.has(number)) && waitingRows(gateway.home) === 0
    // What is missing then is found, and named, by the judge.
  }).catch((error: unknown) => onLine(messageOf(error)))
}

async function openOf({ now }: MortalGateway): Promise<OpenOf> {
  now.api[Symbol.dispose]()
  return quietOpenOf(now)
}

/** What it has open once that has not changed for longer than a pool keeps a connection that nobody needs. */
async function openAtRest(gateway: MortalGateway, clock: Clock): Promise<OpenOf> {
  let open = await openOf(gateway)
  let since = clock.monotonic()
  await until('what it has open stays as it is', IDLE_PATIENCE_MS * 2, async () => {
    const now = await openOf(gateway)
    if (!isDeepStrictEqual(now, open)) [open, since] = [now, clock.monotonic()]
    await clock.delay(LOOK_MS)
    return clock.monotonic() - since >= REST_MS
  })
  return open
}

async function openAgain(gateway: MortalGateway, before: OpenOf): Promise<OpenOf> {
  let after = await openOf(gateway)
  const isSame = async () => isDeepStrictEqual((after = await openOf(gateway)), before)
  await until('it has open what it had', IDLE_PATIENCE_MS, isSame).catch(() => {})
  return after
}

function recordsOf(home: string, { said }: Conversations): readonly ChatRecord[] {
  const rows = acceptedRows(home)
  const unknown = unknownRows(home)
  return [...said].flatMap(([peer, chats]) =>
    [...chats].map(([chat, numbers]) => {
      const accepted = rows.filter(({ platform, number }) => platform === peer.platform && numbers.includes(number))
      return {
        place: `${peer.platform} ${chat}`,
        redelivers: peer.redelivers,
        hasOrder: peer.hasOrder,
        said: numbers,
        accepted: accepted.map(({ number }) => number),
        interrupted: new Set(accepted.flatMap(({ number, isInterrupted }) => (isInterrupted ? [number] : []))),
        unknown: new Set(unknown.filter((number) => numbers.includes(number))),
        texts: peer.texts(chat),
      }
    }),
  )
}

function answered({ accepted, plain, labelled, interrupted, unknown, unheard, faults }: ChatsVerdict): Finding {
  const counts = `${accepted} accepted: ${plain} answered once, ${labelled} labelled as possible duplicates, ${interrupted} told that they were cut short, of these ${unknown} dead letters of which nobody knows`
  const heard = unheard > 0 ? `; ${unheard} said to nobody where nothing is said again` : ''
  return {
    what: 'every accepted message is answered exactly once or with a word about it, in order',
    holds: faults.length === 0,
    detail: `${counts}${heard}${faults.length > 0 ? `. ${faults.length} faults, the first: ${faults.slice(0, 5).join('; ')}` : ''}`,
  }
}
