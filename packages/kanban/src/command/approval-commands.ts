import { BoardError, type Approval } from '@talaria/db'
import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'
import { UsageError } from './usage-error.ts'

/** Words that work waits for. */
export function addApprovals(kanban: Command, context: CommandContext): void {
  addApprovalList(kanban, context)
  addAnswer(kanban, context, true)
  addAnswer(kanban, context, false)
}

function addApprovalList(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'approvals [task]', { description: 'List what waits for a word, on the board or for a task.', examples: ['approvals', 'approvals 12 --all'] })
    .option('--all', 'those that were answered or have lapsed, too')
    .action(async (reference: string | undefined, { all, json }: Json & { readonly all?: boolean }) => {
      const { approvals: store } = await context.stores()
      const taskNumber = reference === undefined ? undefined : (await context.task(reference)).task.number
      const approvals = await store.list({ isWaiting: all !== true, ...(taskNumber !== undefined && { taskNumber }) })
      context.answer(json, approvals, () => {
        if (approvals.length === 0) return 'Nothing waits for a word.'
        const rows = approvals.map((approval) => [
          approval.id,
          `#${approval.taskNumber}`,
          approval.gate.kind === 'command' ? `command: ${safeLine(approval.gate.command, 40)}` : approval.gate.kind,
          approval.state,
          fromNow(approval.askedAt, context.now),
          safeLine(approval.reason ?? '', 40),
        ])
        return table(['APPROVAL', 'TASK', 'GATE', 'STATE', 'ASKED', 'REASON'], rows)
      })
    })
}

function addAnswer(kanban: Command, context: CommandContext, approved: boolean): void {
  const verb = approved ? 'approve' : 'deny'
  addLeaf(kanban, `${verb} <what>`, {
    description: approved
      ? 'Say yes to what waits for a word: an approval, or the only one of a task.'
      : 'Say no to what waits for a word: an approval, or the only one of a task.',
    examples: approved ? ['approve 12', 'approve apr_019…'] : ['deny 12 --reason "The tests are too few"'],
  })
    .option('--reason <text>', 'why')
    .action(async (what: string, { reason, json }: Json & { readonly reason?: string }) => {
      const { approvals } = await context.stores()
      const id = what.startsWith('apr_') ? what : (await onlyApprovalOf(what, context)).id
      const answered = await approvals.answer(id, { approved, actor: context.options.actor, ...(reason !== undefined && { reason }) })
      context.answer(json, answered, () => `#${answered.taskNumber} is ${answered.state}.`)
    })
}

async function onlyApprovalOf(reference: string, context: CommandContext): Promise<Approval> {
  const { stores, task } = await context.task(reference)
  const [approval, ...others] = await stores.approvals.list({ taskNumber: task.number, isWaiting: true })
  if (!approval) throw new BoardError('NOT_FOUND', `#${task.number} waits for nobody's word.`)
  if (others.length > 0) throw new UsageError(`#${task.number} waits for several: ${[approval, ...others].map(({ id }) => id).join(', ')}. Name one.`)
  return approval
}
