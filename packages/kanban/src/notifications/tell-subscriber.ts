import { messageOf, type Clock } from '@talaria/core'
import type { BoardEvent, BoardStores, Subscription } from '@talaria/db'
import { completedFiles } from './completed-files.ts'
import { describeDigest } from './describe-digest.ts'
import { describeEvent, type ToldEvent } from './describe-event.ts'
import type { Deliver, Notification } from './notification.ts'
import { retryDelayMs } from './retry-delay.ts'
import { toldKinds, worthTelling } from './told-kinds.ts'

/** Events read in one go; the rest is told in the next round. */
const PAGE = 200

/**
 * A digest closes so long after its last event may have happened. An event bears the time at which its write was asked
 * for, and a write waits at most 20 s for another process: by then every event of the digest is there, so that trying it
 * again after a crash makes the same one.
 */
const SETTLE_MS = 30_000

/** After so long, and so many attempts, a subscriber is set aside until somebody resumes it. */
const LONGEST_TRY_MS = 24 * 3_600_000
const FEWEST_ATTEMPTS = 10

export interface TellOptions {
  readonly board: string
  readonly stores: BoardStores
  readonly deliver: Deliver
  readonly random: () => number
  readonly clock: Clock
  /** Aborts when the process ends: what has not been told by then is told by the next one. */
  readonly signal: AbortSignal
}

/** What a subscriber is to be told now, and the event up to which it then knows everything. */
interface Due {
  readonly notifications: readonly Notification[]
  readonly upTo: number
}

/**
 * Tells a subscriber what has happened since its cursor, and moves that on by compare-and-set. Each notification has an
 * id that is the same when a crash between the two has it told again. What fails is tried again from where it stopped.
 */
export async function tellSubscriber(subscription: Subscription, options: TellOptions): Promise<void> {
  const { stores, deliver, clock, random, signal } = options
  const due = await dueFor(subscription, options)
  if (!due) return
  let knows = subscription.cursor
  for (const notification of due.notifications) {
    if (signal.aborted) break
    try {
      await deliver(notification)
    } catch (error) {
      if (signal.aborted) break
      if (knows > subscription.cursor) await stores.subscriptions.advance(subscription.id, { from: subscription.cursor, to: knows })
      const attempts = knows > subscription.cursor ? 1 : subscription.failures + 1
      const isGivenUp = attempts >= FEWEST_ATTEMPTS && clock.now() - notification.told[0]!.event.at > LONGEST_TRY_MS
      const nextAt = clock.now() + retryDelayMs(attempts, random)
      await stores.subscriptions.failed(subscription.id, { error: messageOf(error), ...(!isGivenUp && { nextAt }) })
      return
    }
    knows = notification.told.at(-1)!.event.seq
  }
  const to = signal.aborted ? knows : due.upTo
  if (to > subscription.cursor) await stores.subscriptions.advance(subscription.id, { from: subscription.cursor, to })
}

async function dueFor(subscription: Subscription, { board, stores, clock }: TellOptions): Promise<Due | undefined> {
  const { id, cursor, taskNumber, digestMinutes } = subscription
  // Before the events are read: one that comes meanwhile is not passed over.
  const latest = await stores.events.latest()
  const page = await stores.events.since({ after: cursor, limit: PAGE, kinds: toldKinds(subscription), ...(taskNumber !== null && { taskNumber }) })
  const known = page.filter(({ seq }) => seq <= latest)
  const read = page.length === PAGE ? page.at(-1)!.seq : latest
  const events = worthTelling(known, subscription)
  const idOf = (event: BoardEvent) => `${board}:${id}:${event.seq}`
  if (digestMinutes === undefined || events.length === 0) {
    const told = await withTasks(events, stores)
    const notifications = told.map((one) => ({
      id: idOf(one.event),
      board,
      subscription,
      told: [one],
      text: describeEvent(one, board),
      files: () => completedFiles(one.event, stores),
    }))
    return { notifications, upTo: read }
  }
  const closesAt = events[0]!.at + digestMinutes * 60_000
  if (clock.now() < closesAt + SETTLE_MS) {
    await stores.subscriptions.postpone(id, { cursor, until: closesAt + SETTLE_MS })
    return undefined
  }
  const next = events.findIndex(({ at }) => at > closesAt)
  const gathered = next === -1 ? events : events.slice(0, next)
  const told = await withTasks(gathered, stores)
  const digest = { id: idOf(gathered[0]!), board, subscription, told, text: describeDigest(told, { board }), files: async () => [] }
  return { notifications: [digest], upTo: next === -1 ? read : events[next]!.seq - 1 }
}

async function withTasks(events: readonly BoardEvent[], { tasks }: Pick<BoardStores, 'tasks'>): Promise<readonly ToldEvent[]> {
  const numbers = [...new Set(events.flatMap(({ taskNumber }) => taskNumber ?? []))]
  const found = new Map(await Promise.all(numbers.map(async (number) => [number, await tasks.get(number)] as const)))
  return events.map((event) => ({ event, task: event.taskNumber === null ? undefined : found.get(event.taskNumber) }))
}
