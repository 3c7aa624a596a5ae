import { type Command, Option } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow, lengthOf } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { diagnose } from './diagnose.ts'
import { spent } from './describe-task.ts'
import { everyTask } from './every-task.ts'
import { explainWaiting } from './explain-waiting.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'

/** How the board stands as a whole, and why a task does not run. */
export function addOverview(kanban: Command, context: CommandContext): void {
  addStats(kanban, context)
  addAssignees(kanban, context)
  addWhy(kanban, context)
  addDiagnostics(kanban, context)
}

function addStats(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'stats', {
    description: 'Show how many tasks stand where. And since when the oldest waits, and what was spent.',
    examples: ['stats', 'stats --board website --json'],
  }).action(async ({ json }: Json) => {
    const { board } = await context.stores()
    const stats = await board.stats()
    context.answer(json, stats, () => {
      const { byState, oldestReadyAt, spend, spendToday } = stats
      const rows = Object.entries(byState).map(([state, count]) => [state, String(count)])
      const lines = [
        rows.length === 0 ? 'There are no tasks.' : table(['STATE', 'TASKS'], rows),
        ...(oldestReadyAt === null ? [] : [`The oldest ready task has waited for ${lengthOf(context.now - oldestReadyAt)}.`]),
        `Spent today: ${spent(spendToday) ?? 'nothing'}; in all: ${spent(spend) ?? 'nothing'}, ${lengthOf(spend.runMs)} of work.`,
      ]
      return lines.join('\n')
    })
  })
}

function addAssignees(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'assignees', { description: 'List who has how many tasks.', examples: ['assignees'] }).action(async ({ json }: Json) => {
    const { board } = await context.stores()
    const { byAssignee } = await board.stats()
    const assignees = [...Map.groupBy(byAssignee, ({ assignee }) => assignee)].map(([assignee, rows]) => ({
      assignee,
      states: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    }))
    context.answer(json, assignees, () => {
      if (assignees.length === 0) return 'There are no tasks.'
      const count = (states: Record<string, number>, ...named: readonly string[]) => String(named.reduce((sum, state) => sum + (states[state] ?? 0), 0))
      const rows = assignees.map(({ assignee, states }) => [
        assignee === null ? 'nobody' : safeLine(assignee, 40),
        count(states, 'running'),
        count(states, 'ready'),
        count(states, 'triage', 'todo', 'scheduled'),
        count(states, 'blocked'),
        count(states, 'review'),
        count(states, 'done'),
      ])
      return table(['ASSIGNEE', 'RUNNING', 'READY', 'LATER', 'BLOCKED', 'REVIEW', 'DONE'], rows)
    })
  })
}

function addWhy(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'why <task>', { description: 'Say why a task is not running, and what to do about it.', examples: ['why 12'] }).action(
    async (reference: string, { json }: Json) => {
      const { stores, task } = await context.task(reference)
      const links = await stores.tasks.links([task.number])
      const explained = explainWaiting(task, links, context.now, await context.options.isDispatcherRunning?.())
      context.answer(json, explained, () => {
        const since = explained.since === null ? '' : ` (${explained.code}, since ${fromNow(explained.since, context.now)})`
        return [`#${task.number}: ${explained.reason}${since}`, ...(explained.advice === null ? [] : [`  ${explained.advice}`])].join('\n')
      })
    },
  )
}

function addDiagnostics(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'diagnostics', {
    aliases: ['diag'],
    description: 'Find what needs somebody: tasks that were given up, fail again and again, can never begin, or stand still unseen; and say what to do.',
    examples: ['diagnostics', 'diagnostics --severity error --json'],
  })
    .addOption(new Option('--severity <severity>', 'only these').choices(['error', 'warning']))
    .option('--task <task>', 'only about this task')
    .action(async ({ severity, task: reference, json }: Json & { readonly severity?: string; readonly task?: string }) => {
      const tasks =
        reference === undefined
          ? await everyTask(await context.stores(), ['ready', 'running', 'review', 'blocked', 'todo', 'scheduled', 'triage'])
          : [(await context.task(reference)).task]
      const findings = diagnose(tasks, context.now).filter((finding) => severity === undefined || finding.severity === severity)
      context.answer(json, findings, () => {
        if (findings.length === 0) return 'Nothing needs anybody.'
        return findings
          .map(({ severity: how, task, finding, advice }) => `${how === 'error' ? context.palette.bad(how) : how}  #${task}  ${finding}\n         ${advice}`)
          .join('\n')
      })
    })
}
