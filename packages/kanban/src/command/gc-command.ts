import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { lengthOfTime } from './option-values.ts'

/** As long as a deleted task can be restored unless said otherwise. */
const KEPT_MS = 30 * 86_400_000

/** Tasks of one transaction, so that others get their turn. */
const BATCH = 200

/** `gc`: removes for good what was deleted long ago. A dispatcher does so by itself. */
export function addGc(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'gc', {
    description: 'Remove for good what was deleted long ago, and the files of deleted boards. A dispatcher does so by itself.',
    examples: ['gc', 'gc --deleted-before 1d'],
  })
    .option('--deleted-before <time>', 'tasks that were deleted so long ago; 30d unless given', lengthOfTime, KEPT_MS)
    .action(async ({ deletedBefore, json }: Json & { readonly deletedBefore: number }) => {
      context.requireAdmin('Removing for good')
      const { tasks, attachments } = await context.stores()
      let purged = 0
      for (let count = BATCH; count === BATCH; purged += count) count = await tasks.purge(context.now - deletedBefore, BATCH)
      let files = 0
      for (let count = 1; count > 0; files += count) count = await attachments.sweep()
      const boards = await context.options.databases.boards.sweep()
      context.answer(json, { tasks: purged, files, boards }, () => `Removed ${purged} tasks, ${files} files and ${boards.length} boards.`)
    })
}
