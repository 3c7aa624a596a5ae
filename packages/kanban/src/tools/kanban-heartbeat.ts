import { BoardError } from '@talaria/db'
import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'

/** How far a worker is, in one line. */
export const kanbanHeartbeat = defineKanbanTool({
  name: 'kanban_heartbeat',
  description: 'Says how far you are, in one line that people see on the board. Not needed to stay alive.',
  scope: 'worker',
  input: { note: z.string().min(1).max(500) },
  async run({ stores, worker }, { note }) {
    const { claim } = worker!.open
    const { lost } = await stores.claims.heartbeat([{ runId: claim.runId, fence: claim.fence, note }], worker!.leaseMs)
    if (lost.length > 0) throw new BoardError('CLAIM_LOST', `#${claim.taskNumber} is no longer yours.`)
    return { ok: true }
  },
})
