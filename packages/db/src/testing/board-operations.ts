import { codeOf, type Clock } from '@talaria/core'
import type { BlockKind, Claim, LinkCondition, Spend } from '../board/records.ts'
import type { BoardStores } from '../board/stores.ts'

/** One thing that somebody does to a board, with numbers that say to what and how. */
export interface BoardOperation {
  readonly name: BoardOperationName
  readonly a: number
  readonly b: number
  readonly c: number
}

/** Somebody who does things to a board, with what they have claimed, whether those claims still hold or not. */
export interface BoardUser {
  readonly stores: BoardStores
  readonly clock: Clock
  readonly claims: Claim[]
  /** Runs of theirs whose end was heard: said again, it is not booked again. */
  readonly ended: Set<string>
  /** What they were told is booked. */
  costMicros: number
  /** Has time pass, where one can. */
  readonly advance?: (ms: number) => Promise<void>
}

/** What a board says to whoever does something at the wrong time; anything else is a fault. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'TASK_NOT_FOUND',
  'ILLEGAL_TRANSITION',
  'CYCLE',
  'SELF_LINK',
  'DUPLICATE_LINK',
  'PARENTS_OPEN',
  'CLAIM_LOST',
  'APPROVAL_VOID',
  'RUN_NOT_FOUND',
])

const CONDITIONS: readonly LinkCondition[] = ['success', 'success', 'failure', 'always']
const KINDS: readonly BlockKind[] = ['needs_input', 'dependency', 'capability', 'transient']
const CRASH = { class: 'crash', code: 'c', message: 'm' } as const
const LEASE_MS = 60_000
/** Few enough that what is done to one is often done to another that it waits for. */
const MOST_TASKS = 24

type Operation = (user: BoardUser, operation: Omit<BoardOperation, 'name'>) => Promise<unknown>

const pick = <Item>(items: readonly Item[], index: number): Item => items[index % items.length]!
const numberOf = (n: number) => 1 + (n % MOST_TASKS)
const by = (c: number) => ({ actor: `user:${c % 3}` })
const spendOf = (c: number): Spend => ({ inputTokens: c % 7, outputTokens: c % 5, costMicros: c % 11 })
const verdictOf = (b: number) => (b % 3 === 0 ? 'failure' : 'success')

function claimOptions({ clock }: BoardUser) {
  return { dispatcher: 'd', host: 'h', now: clock.now(), leaseMs: LEASE_MS, caps: { board: 8, perAssignee: 4 }, executorOf: () => 'twin', tokenHash: 'x' }
}

/** Ends a claim that was made some time ago. */
function ending(end: (user: BoardUser, claim: Claim, numbers: Omit<BoardOperation, 'name'> & { readonly spend: Spend }) => Promise<unknown>): Operation {
  return async (user, numbers) => {
    if (user.claims.length === 0) return
    // Mostly the newest, which mostly hold.
    const claim = user.claims.at(-1 - (numbers.a % Math.min(user.claims.length, 6)))!
    const spend = spendOf(numbers.c)
    await end(user, claim, { ...numbers, spend })
    if (!user.ended.has(claim.runId)) user.costMicros += spend.costMicros
    user.ended.add(claim.runId)
  }
}

const OPERATIONS = {
  create: ({ stores, clock }, { a, b, c }) =>
    stores.tasks.create(
      {
        title: `T${a}`,
        priority: b % 3,
        ...(c % 5 > 0 && { assignee: `a${c % 3}` }),
        ...(a % 7 === 0 && { isTriage: true }),
        ...(a % 11 === 0 && { notBefore: clock.now() + 1_000 }),
        ...(a % 13 === 0 && { idempotencyKey: `k${b % 4}`, idempotencyScope: pick(['any', 'open'], c) }),
        ...(b % 2 === 0 && { parents: [{ id: String(numberOf(b)), condition: pick(CONDITIONS, c) }] }),
        parentsMode: pick(['all', 'any'], c),
      },
      'cli',
    ),
  graph: ({ stores }, { a }) =>
    stores.tasks.createMany(
      [
        { task: { title: 'one', assignee: 'a0' }, needs: [] },
        { task: { title: 'other', assignee: 'a1', parentsMode: pick(['all', 'any'], a) }, needs: [0] },
        { task: { title: 'last', assignee: 'a2' }, needs: [0, 1] },
      ],
      'cli',
    ),
  decompose: ({ stores }, { a, c }) =>
    stores.tasks.decompose(
      String(numberOf(a)),
      [
        { task: { title: 'part', assignee: 'a0' }, needs: [] },
        { task: { title: 'next part', assignee: 'a1' }, needs: [0] },
      ],
      by(c),
    ),
  link: ({ stores }, { a, b, c }) => stores.tasks.link(numberOf(a), numberOf(b), pick(CONDITIONS, c), 'cli'),
  unlink: ({ stores }, { a, b }) => stores.tasks.unlink(numberOf(a), numberOf(b), 'cli'),
  claim: async (user, { a }) => {
    const claimed = await user.stores.claims.claim(numberOf(a), claimOptions(user))
    if ('claim' in claimed) user.claims.push(claimed.claim)
  },
  claimNext: async (user) => {
    const claimed = await user.stores.claims.claimNext(claimOptions(user))
    if (claimed) user.claims.push(claimed.claim)
  },
  completeRun: ending(({ stores }, claim, { b, spend }) => stores.claims.complete(claim, { summary: 's', verdict: verdictOf(b), spend })),
  blockRun: ending(({ stores }, claim, { b, spend }) => stores.claims.block(claim, { kind: pick(KINDS, b), reason: 'r', spend })),
  reviewRun: ending(({ stores }, claim, { b, spend }) =>
    stores.claims.requestReview(claim, { summary: 's', spend, ...(b % 2 === 0 && { reviewer: 'a0' }), ...(b % 5 === 0 && { gates: [{ kind: 'person' }] }) }),
  ),
  changesRun: ending(({ stores }, claim, { spend }) => stores.claims.requestChanges(claim, { reason: 'r', spend })),
  failRun: ending(({ stores, clock }, claim, { b, spend }) =>
    stores.claims.fail(claim, CRASH, {
      isCounted: b % 3 > 0,
      spend,
      ...(b % 2 === 0 && { retryAt: clock.now() + 500 }),
      ...(b % 4 === 0 && { giveUp: 'gave_up' }),
    }),
  ),
  releaseRun: async ({ stores, claims }, { a }) => claims.length > 0 && stores.claims.release(pick(claims, a), 'r'),
  heartbeat: ({ stores, claims }, { a }) => stores.claims.heartbeat(claims.length > 0 ? [pick(claims, a)] : [], LEASE_MS),
  spend: async (user, { a, c }) => {
    if (user.claims.length === 0) return
    await user.stores.claims.spend(pick(user.claims, a), spendOf(c))
    user.costMicros += spendOf(c).costMicros
  },
  wish: async ({ stores, claims }, { a, b }) =>
    claims.length > 0 && stores.claims.wish({ runId: pick(claims, a).runId, wish: pick(['stop', 'pause', 'resume'], b), reason: 'r', actor: 'cli' }),
  complete: ({ stores }, { a, b, c }) => stores.tasks.complete(numberOf(a), { verdict: verdictOf(b) }, by(c)),
  block: ({ stores }, { a, b, c }) => stores.tasks.block(numberOf(a), { kind: pick(KINDS, b), reason: 'r' }, by(c)),
  unblock: ({ stores }, { a, c }) => stores.tasks.unblock(numberOf(a), by(c)),
  specify: ({ stores }, { a, c }) => stores.tasks.specify(numberOf(a), by(c)),
  promote: ({ stores }, { a, c }) => stores.tasks.promote(numberOf(a), by(c)),
  schedule: ({ stores, clock }, { a, b, c }) => stores.tasks.schedule(numberOf(a), clock.now() + (b % 2_000), by(c)),
  wake: ({ stores }) => stores.tasks.wakeDue('dispatcher:d'),
  requestReview: ({ stores }, { a, b, c }) => stores.tasks.requestReview(numberOf(a), b % 2 === 0 ? { reviewer: 'a1' } : {}, by(c)),
  requestChanges: ({ stores }, { a, c }) => stores.tasks.requestChanges(numberOf(a), 'r', by(c)),
  reopen: ({ stores }, { a, c }) => stores.tasks.reopen(numberOf(a), by(c)),
  release: ({ stores }, { a, c }) => stores.tasks.release(numberOf(a), by(c)),
  archive: ({ stores }, { a, c }) => stores.tasks.archive(numberOf(a), by(c)),
  unarchive: ({ stores }, { a, c }) => stores.tasks.unarchive(numberOf(a), by(c)),
  remove: ({ stores }, { a, c }) => stores.tasks.remove(numberOf(a), by(c)),
  restore: ({ stores }, { a }) => stores.tasks.restore(numberOf(a), 'cli'),
  purge: async ({ stores, clock }, { a }) => a % 5 === 0 && stores.tasks.purge(clock.now(), 1),
  assign: ({ stores }, { a, b, c }) => stores.tasks.assign(numberOf(a), b % 5 === 0 ? null : `a${b % 3}`, by(c)),
  change: ({ stores }, { a, b, c }) => stores.tasks.change(numberOf(a), { priority: b % 4, labels: [`l${c % 2}`] }, by(c)),
  comment: ({ stores }, { a, b }) => stores.comments.add(numberOf(a), { body: `said ${b}`, author: 'cli' }),
  answer: async ({ stores }, { a, b, c }) => {
    const waiting = await stores.approvals.list({ isWaiting: true })
    if (waiting.length > 0) await stores.approvals.answer(pick(waiting, a).id, { approved: b % 2 === 0, ...by(c) })
  },
  expire: ({ stores }) => stores.approvals.expire(),
  wait: async ({ advance }, { a }) => advance?.(a % 700),
} satisfies Record<string, Operation>

/** What can be done to a board, from every surface: people, dispatchers, workers. */
export type BoardOperationName = keyof typeof OPERATIONS

export const BOARD_OPERATIONS = Object.keys(OPERATIONS) as readonly BoardOperationName[]

/** Does it; false when the board refuses. @throws whatever is no refusal. */
export async function operate(user: BoardUser, { name, ...numbers }: BoardOperation): Promise<boolean> {
  try {
    await OPERATIONS[name](user, numbers)
    return true
  } catch (error) {
    if (!REFUSALS.has(codeOf(error))) throw error
    return false
  }
}

/** Somebody who has not done anything yet. */
export function boardUser(stores: BoardStores, clock: Clock, advance?: (ms: number) => Promise<void>): BoardUser {
  return { stores, clock, claims: [], ended: new Set(), costMicros: 0, ...(advance && { advance }) }
}
