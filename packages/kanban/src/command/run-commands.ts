import { BoardError, type BoardStores, type RunWish, type TaskDetail } from '@talaria/db'
import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow, lengthOf } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { spent } from './describe-task.ts'
import { wholeNumber } from './option-values.ts'
import { safeLine, safeText } from './safe-text.ts'
import { table } from './table.ts'

interface TranscriptOptions extends Json {
  readonly run?: string
  readonly limit: number
  readonly after?: number
}

/** What concerns attempts at a task: how they went, what they say, and what is said to them. */
export function addRuns(kanban: Command, context: CommandContext): void {
  addRunList(kanban, context)
  addTranscript(kanban, context)
  addSteer(kanban, context)
  addStop(kanban, context)
  addPause(kanban, context, 'pause')
  addPause(kanban, context, 'resume')
}

function addRunList(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'runs <task>', { description: 'List the attempts at a task, the first one first.', examples: ['runs 12'] }).action(
    async (reference: string, { json }: Json) => {
      const { stores, task } = await context.task(reference)
      const runs = await stores.claims.ofTask(task.number)
      context.answer(json, runs, () => {
        if (runs.length === 0) return `#${task.number} has not been begun.`
        const rows = runs.map((run) => [
          String(run.attempt),
          run.id,
          run.outcome ?? 'running',
          run.assignee ?? '',
          fromNow(run.claimedAt, context.now),
          lengthOf((run.endedAt ?? context.now) - run.claimedAt),
          spent(run.spend) ?? '',
          safeLine(run.failure ? `${run.failure.code}: ${run.failure.message}` : (run.summary ?? run.note ?? '')),
        ])
        return table(['#', 'RUN', 'OUTCOME', 'ASSIGNEE', 'BEGAN', 'TOOK', 'SPENT', 'SAID'], rows)
      })
    },
  )
}

function addTranscript(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'transcript <task>', {
    aliases: ['log'],
    description: 'Show what a worker said and did: of the last attempt, or of another.',
    examples: ['transcript 12', 'transcript 12 --run run_019… --after 200'],
  })
    .option('--run <run>', 'the attempt, as runs lists it')
    .option('--after <number>', 'only what came after this entry', wholeNumber())
    .option('--limit <count>', 'how many entries at most', wholeNumber(1), 200)
    .action(async (reference: string, { run, after, limit, json }: TranscriptOptions) => {
      const { stores, task } = await context.task(reference)
      const runs = await stores.claims.ofTask(task.number)
      const meant = run === undefined ? runs.at(-1) : runs.find(({ id }) => id === run)
      if (!meant)
        throw new BoardError('RUN_NOT_FOUND', run === undefined ? `#${task.number} has not been begun.` : `#${task.number} has no run ${run.slice(0, 80)}.`)
      const entries = await stores.transcripts.list(meant.id, { limit, ...(after !== undefined && { after }) })
      context.answer(json, { run: meant.id, entries }, () => {
        if (entries.length === 0) return 'Nothing was said.'
        return entries.map(({ seq, kind, body }) => `${context.palette.faint(`${seq} ${kind}`)}  ${safeText(body)}`).join('\n')
      })
    })
}

function addSteer(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'steer <task> <text...>', {
    description: 'Say something to the worker of a running task. It hears it at its next step.',
    examples: ['steer 12 "Leave the tests as they are"'],
  }).action(async (reference: string, text: readonly string[], { json }: Json) => {
    const { stores, task, runId } = await runningTask(reference, context)
    const steering = await stores.claims.steer(runId, text.join(' '), context.options.actor)
    if (!steering) throw notRunning(task)
    context.answer(json, steering, () => `Said to the worker of #${task.number}.`)
  })
}

function addStop(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'stop <task>', {
    description: 'Ask the worker of a running task to stop; it gets a moment to say how far it came.',
    examples: ['stop 12 --reason "Not needed any more"'],
  })
    .option('--reason <text>', 'why')
    .action(async (reference: string, { reason, json }: Json & { readonly reason?: string }) => {
      const { stores, task, runId } = await runningTask(reference, context)
      await wish(stores, task, { runId, wish: 'stop', reason: reason ?? 'Somebody asked for it.', actor: context.options.actor })
      context.answer(json, { task: task.number, runId, wish: 'stop' }, () => `The worker of #${task.number} is asked to stop.`)
    })
}

function addPause(kanban: Command, context: CommandContext, act: 'pause' | 'resume'): void {
  const isPause = act === 'pause'
  const leaf = addLeaf(kanban, `${act} [task]`, {
    description: isPause
      ? 'Have nothing begin on the board or on any, or have the worker of a running task wait.'
      : 'Have tasks begin on the board or on all again, or have the worker of a task go on.',
    examples: isPause ? ['pause --reason "We deploy"', 'pause --all', 'pause 12'] : ['resume', 'resume --all', 'resume 12'],
  })
  leaf.option('--all', 'every board of this home, whichever dispatcher has it (for admins)')
  if (isPause) leaf.option('--reason <text>', 'why')
  leaf.action(
    async (reference: string | undefined, { reason = 'Somebody asked for it.', all, json }: Json & { readonly reason?: string; readonly all?: boolean }) => {
      const { actor, databases } = context.options
      if (all === true) {
        context.requireAdmin('Pausing every board')
        databases.boards.setPaused(isPause ? reason : undefined)
        return context.answer(json, { paused: isPause }, () =>
          isPause ? `Nothing begins on any board until: ${context.name} resume --all. What runs goes on.` : 'Tasks begin again.',
        )
      }
      if (reference === undefined) {
        const { board: store } = await context.stores()
        const board = isPause ? await store.pause(reason, actor) : await store.resume(actor)
        return context.answer(json, board, () =>
          isPause ? `Nothing begins on '${board.slug}' until: ${context.name} resume. What runs goes on.` : `Tasks begin on '${board.slug}' again.`,
        )
      }
      const { stores, task, runId } = await runningTask(reference, context)
      await wish(stores, task, { runId, wish: act, reason, actor })
      context.answer(json, { task: task.number, runId, wish: act }, () => `The worker of #${task.number} is asked to ${isPause ? 'wait' : 'go on'}.`)
    },
  )
}

async function runningTask(
  reference: string,
  context: CommandContext,
): Promise<{ readonly stores: BoardStores; readonly task: TaskDetail; readonly runId: string }> {
  const { stores, task } = await context.task(reference)
  if (task.state !== 'running' || task.runId === null) throw notRunning(task)
  return { stores, task, runId: task.runId }
}

async function wish(
  stores: BoardStores,
  task: TaskDetail,
  wished: { readonly runId: string; readonly wish: RunWish; readonly reason: string; readonly actor: string },
): Promise<void> {
  if (!(await stores.claims.wish(wished))) throw new BoardError('CLAIM_LOST', `The worker of #${task.number} is stopping already, or has ended.`)
}

function notRunning(task: TaskDetail): BoardError {
  return new BoardError('ILLEGAL_TRANSITION', `#${task.number} is not running: it is ${task.state}.`)
}
