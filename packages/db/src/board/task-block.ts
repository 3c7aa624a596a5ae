import type { BlockKind } from './records.ts'
import type { TaskHead } from './task-head.ts'
import { parentsAllow } from './task-parents.ts'

/** Blocked for one reason again and again, a task needs to be thought over rather than tried once more. */
const MOST_RECURRENCES = 3

/** Why a task stands still. */
export interface Block {
  readonly kind: BlockKind
  readonly reason: string
}

/**
 * Where a block puts a task, and what it writes to its row: to triage when it was blocked for the same reason before,
 * again and again. One that would wait for parents which have all ended waits for a person instead: nothing else would end it.
 */
export function blockedAs(head: TaskHead, block: Block): { readonly to: 'blocked' | 'triage'; readonly changes: Partial<TaskHead> } {
  const kind = block.kind === 'dependency' && parentsAllow(head) ? 'needs_input' : block.kind
  const recurrences = head.block_kind === kind ? head.block_recurrences + 1 : 1
  return {
    to: recurrences >= MOST_RECURRENCES ? 'triage' : 'blocked',
    changes: { block_kind: kind, block_reason: block.reason, block_recurrences: recurrences },
  }
}
