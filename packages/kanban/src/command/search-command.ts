import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { wholeNumber } from './option-values.ts'
import { safeLine } from './safe-text.ts'
import { taskLine } from './task-lines.ts'

/** `search`: tasks by the words in them. */
export function addSearch(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'search <words...>', {
    description: 'Find tasks by words in their titles, bodies and comments. "A phrase", prefix* and -exclusions are understood.',
    examples: ['search log-in', 'search \'"rate limit" time*\''],
  })
    .option('--assignee <name>', 'only those of this assignee')
    .option('--limit <count>', 'how many at most, up to 200', wholeNumber(1), 20)
    .action(async (words: readonly string[], { assignee, limit, json }: Json & { readonly assignee?: string; readonly limit: number }) => {
      const { search } = await context.stores()
      const hits = await search.search(words.join(' '), { limit, ...(assignee !== undefined && { assignee }) })
      context.answer(json, hits, () => {
        if (hits.length === 0) return 'Nothing was found.'
        return hits
          .map(({ task, field, snippet }) => `${taskLine(task, context.palette)}${field === 'title' ? '' : `\n  ${field}: ${safeLine(snippet.text, 200)}`}`)
          .join('\n')
      })
    })
}
