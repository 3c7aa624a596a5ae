import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { lengthOfTime } from './option-values.ts'

/** As long as a deleted task can be restored unless said otherwise. */
const DELETED_KEPT_MS = 30 * 86_400_000

interface GcOptions extends Json {
  readonly deleted?: number
  readonly events?: number
  readonly transcripts?: number
}

/** `gc`: removes for good what is old. A dispatcher does so by itself. */
export function addGc(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'gc', {
    description: 'Remove for good what was deleted long ago. And, when they are named, old events and transcripts. A dispatcher does so by itself.',
    examples: ['gc', 'gc --deleted 1d --events 30d --transcripts 30d'],
  })
    .option('--deleted <time>', 'tasks that were deleted so long ago; 30d unless given', lengthOfTime)
    .option('--events <time>', 'events, so old, of tasks that have ended', lengthOfTime)
    .option('--transcripts <time>', 'what workers said whose runs ended so long ago', lengthOfTime)
    .action(async ({ deleted = DELETED_KEPT_MS, events, transcripts, json }: GcOptions) => {
      context.requireAdmin('Removing for good')
      const { retention } = await context.stores()
      const swept = await retention.sweep({ eventsMs: events, transcriptsMs: transcripts, deletedTasksMs: deleted }, context.options.signal)
      const boards = await context.options.databases.boards.sweep()
      context.answer(
        json,
        { ...swept, boards },
        () => `Removed ${swept.tasks} tasks, ${swept.events} events, ${swept.transcripts} words of workers, ${swept.files} files and ${boards.length} boards.`,
      )
    })
}
