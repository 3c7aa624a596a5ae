import type { BlockKind, BoardStores, TaskDetail, Verdict } from '@talaria/db'
import { type Command, Option } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { eachTask } from './each-task.ts'
import { jsonObject } from './option-values.ts'
import { UsageError } from './usage-error.ts'

interface Said extends Json {
  readonly reason?: string
  readonly summary?: string
  readonly result?: string
  readonly metadata?: Record<string, unknown>
  readonly failure?: boolean
  readonly kind?: BlockKind
  readonly reviewer?: string
}

interface Move {
  readonly usage: string
  readonly aliases?: readonly string[]
  readonly description: string
  readonly examples: readonly string[]
  /** Options besides `--json`. */
  readonly options?: readonly Option[]
  readonly said: string
  readonly step: (stores: BoardStores, reference: string, said: Said, context: CommandContext) => Promise<TaskDetail>
}

const reason = (what: string) => new Option('--reason <text>', what)

/** What brings tasks from one state to another, as the table of transitions has it. */
const MOVES: readonly Move[] = [
  {
    usage: 'complete <task...>',
    aliases: ['done'],
    description: 'Say that tasks are done, whoever worked on them.',
    examples: ['complete 12 --summary "It was the cache"', 'complete 12 13', 'complete 12 --failure --summary "Nobody can reproduce it"'],
    options: [
      new Option('--summary <text>', 'what was done, in a sentence or two, for whoever waits for it'),
      new Option('--result <text>', 'what came of it, in full'),
      new Option('--metadata <json>', 'facts for programs, as a JSON object').argParser(jsonObject),
      new Option('--failure', 'it ended without success: what waits for its failure begins'),
    ],
    said: 'is done',
    step({ tasks }, reference, { summary, result, metadata, failure }, { acting }) {
      const verdict: Verdict = failure ? 'failure' : 'success'
      const completion = { verdict, ...(summary !== undefined && { summary }), ...(result !== undefined && { result }), ...(metadata && { metadata }) }
      return tasks.complete(reference, completion, acting)
    },
  },
  {
    usage: 'block <task...>',
    description: 'Have tasks stand still until somebody unblocks them.',
    examples: ['block 12 --reason "Which colour?"', 'block 12 13 --kind capability --reason "No access to the server"'],
    options: [
      reason('what it waits for').makeOptionMandatory(),
      new Option('--kind <kind>', 'of what kind that is').choices(['needs_input', 'capability', 'transient']).default('needs_input'),
    ],
    said: 'waits for somebody',
    step: ({ tasks }, reference, { kind, reason: why }, { acting }) => tasks.block(reference, { kind: kind!, reason: why! }, acting),
  },
  {
    usage: 'unblock <task...>',
    description: 'Have blocked tasks go on. Where --reason answers what they waited for, it is kept as a comment.',
    examples: ['unblock 12 --reason "Blue"', 'unblock 12 13'],
    options: [reason('the answer; it becomes a comment')],
    said: 'goes on',
    async step(stores, reference, { reason: answer }, { acting }) {
      const task = await stores.tasks.unblock(reference, acting)
      if (answer !== undefined) await stores.comments.add(task.number, { body: answer, author: acting.actor })
      return task
    },
  },
  {
    usage: 'promote <task...>',
    description: 'Have tasks take their turn now: before their time, out of a block or out of triage, but not before their parents.',
    examples: ['promote 12'],
    said: 'takes its turn',
    step: ({ tasks }, reference, _, { acting }) => tasks.promote(reference, acting),
  },
  {
    usage: 'request-review <task...>',
    description: 'Have somebody look at the work before it is done.',
    examples: ['request-review 12 --reviewer anna --summary "Please look at the cache"'],
    options: [new Option('--reviewer <name>', 'who looks at it'), new Option('--summary <text>', 'what was done')],
    said: 'waits for its review',
    step({ tasks }, reference, { reviewer, summary }, { acting }) {
      return tasks.requestReview(reference, { ...(reviewer !== undefined && { reviewer }), ...(summary !== undefined && { summary }) }, acting)
    },
  },
  {
    usage: 'request-changes <task...>',
    description: 'Give reviewed work back to whoever did it.',
    examples: ['request-changes 12 --reason "The second case is missing"'],
    options: [reason('what is to be changed').makeOptionMandatory()],
    said: 'goes back to who did it',
    step: ({ tasks }, reference, { reason: why }, { acting }) => tasks.requestChanges(reference, why!, acting),
  },
  {
    usage: 'reopen <task...>',
    aliases: ['reopen-review'],
    description: 'Have tasks that are done, or in review, be worked on again. What had begun because of them waits again.',
    examples: ['reopen 12 --reason "It is still slow"'],
    options: [reason('why')],
    said: 'is open again',
    step: ({ tasks }, reference, { reason: why }, { acting }) => tasks.reopen(reference, acting, why),
  },
  {
    usage: 'release <task...>',
    aliases: ['reclaim'],
    description: 'Take running tasks away from their workers, for others to begin. The worker is stopped; that is no failure.',
    examples: ['release 12'],
    said: 'is free again',
    step: ({ tasks }, reference, _, { acting }) => tasks.release(reference, acting),
  },
  {
    usage: 'archive <task...>',
    description: 'Put tasks away. What waits for them begins.',
    examples: ['archive 12 13'],
    said: 'is put away',
    step: ({ tasks }, reference, _, { acting }) => tasks.archive(reference, acting),
  },
  {
    usage: 'unarchive <task...>',
    description: 'Get archived tasks back to where they were.',
    examples: ['unarchive 12'],
    said: 'is back',
    step: ({ tasks }, reference, _, { acting }) => tasks.unarchive(reference, acting),
  },
  {
    usage: 'rm <task...>',
    aliases: ['delete'],
    description: 'Delete tasks. For 30 days, unless the settings say otherwise, restore takes it back.',
    examples: ['rm 12'],
    said: 'is deleted',
    async step({ tasks }, reference, _, { acting }) {
      await tasks.remove(reference, acting)
      return (await tasks.get(reference))!
    },
  },
  {
    usage: 'restore <task...>',
    description: 'Take a deletion back.',
    examples: ['restore 12'],
    said: 'is back',
    step: ({ tasks }, reference, _, { acting }) => tasks.restore(reference, acting.actor),
  },
]

/** `complete`, `block` and all others that move tasks. */
export function addMoves(kanban: Command, context: CommandContext): void {
  for (const { usage, options = [], said, step, ...leaf } of MOVES) {
    const command = addLeaf(kanban, usage, leaf)
    for (const option of options) command.addOption(option)
    command.action(async (references: readonly string[], typed: Said) => {
      const one = references.length === 1
      if (!one && (typed.summary ?? typed.result ?? typed.metadata) !== undefined)
        throw new UsageError('--summary, --result and --metadata are about one task.')
      await eachTask(references, context, (stores, reference) => step(stores, reference, typed, context), { json: typed.json, said: () => said })
    })
  }
}
