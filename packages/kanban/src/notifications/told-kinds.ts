import type { BoardEvent, EventKind, FailureClass, Subscription } from '@talaria/db'

/** What people are told of who have not chosen: how tasks end, and what waits for somebody. */
const TOLD: readonly EventKind[] = [
  'task.completed',
  'task.blocked',
  'task.gave_up',
  'task.failed',
  'task.review_requested',
  'task.changes_requested',
  'approval.asked',
  'board.paused',
  'board.resumed',
]

/** Failures that pass by themselves, or that the operator hears of elsewhere. */
const QUIET_FAILURES: readonly FailureClass[] = ['rate_limit', 'infrastructure', 'spawn']

const NOT_WAKING: ReadonlySet<EventKind> = new Set(['board.paused', 'board.resumed', 'task.archived', 'task.unarchived', 'task.unblocked'])

/** The kinds of events that a subscriber is told of. */
export function toldKinds({ kinds }: Pick<Subscription, 'kinds'>): readonly EventKind[] {
  return kinds ?? TOLD
}

/** The events of these that are worth telling: what was chosen by its kind is, the rest where it says something new. */
export function worthTelling(events: readonly BoardEvent[], { kinds }: Pick<Subscription, 'kinds'>): readonly BoardEvent[] {
  if (kinds) return events
  return events.filter((event) => !isQuietFailure(event) && !isFollowedByQuestion(event, events))
}

/** Whether a session is given a turn about such an event. */
export function isWaking(kind: EventKind): boolean {
  return !NOT_WAKING.has(kind)
}

function isQuietFailure({ kind, payload }: BoardEvent): boolean {
  if (kind !== 'task.failed') return false
  const failure = payload['failure'] as { readonly class?: FailureClass } | undefined
  return failure?.class !== undefined && QUIET_FAILURES.includes(failure.class)
}

/** Work that waits for a word is announced by the question, which the same transaction wrote right after it. */
function isFollowedByQuestion({ kind, seq }: BoardEvent, events: readonly BoardEvent[]): boolean {
  return kind === 'task.review_requested' && events.some((other) => other.kind === 'approval.asked' && other.seq === seq + 1)
}
