import type { ApprovalGate, Budget, CompletionCheck, TaskSettings, WorkspaceWish } from '@talaria/db'
import { type Command, Option } from 'commander'
import { gathered, gatheredWhole, lengthOfTime, money, wholeNumber } from './option-values.ts'
import { UsageError } from './usage-error.ts'

/** What new tasks and changes to tasks take in common, as it was typed. */
export interface TaskOptions {
  readonly body?: string
  readonly bodyFile?: string
  readonly tenant?: string
  readonly label?: readonly string[]
  readonly priority?: number
  readonly due?: string
  readonly estimate?: number
  readonly reviewer?: string
  readonly workspace?: string
  readonly branch?: string
  readonly maxRuntime?: number
  readonly maxAttempts?: number
  readonly model?: string
  readonly reasoning?: string
  readonly skill?: readonly string[]
  readonly check?: readonly string[]
  readonly gate?: readonly string[]
  readonly budgetTokens?: number
  readonly budgetMoney?: number
  readonly budgetTime?: number
  readonly goalTurns?: number
}

/** Adds the options that new tasks and changes to tasks have in common. */
export function addTaskOptions(command: Command, { hasDue = true }: { readonly hasDue?: boolean } = {}): Command {
  if (hasDue) command.option('--due <time>', 'when it should be done: tomorrow 17:00, friday, 2030-01-31')
  return command
    .option('--body <text>', 'what is to be done, in full')
    .addOption(new Option('--body-file <file>', 'the same, from a file; - is standard input').conflicts('body'))
    .option('--tenant <name>', 'whose work it is, where a board serves several')
    .option('--label <label>', 'a label; given again, one more', gathered)
    .option('--priority <number>', 'larger goes first; 0 unless given. An hour of waiting counts as 1', wholeNumber())
    .option('--estimate <minutes>', 'how long it will take', wholeNumber(1))
    .option('--reviewer <name>', 'who looks at the work before it is done')
    .option('--workspace <place>', 'where it is worked on: scratch, dir:PATH, worktree or worktree:PATH')
    .option('--branch <name>', 'branch of the worktree')
    .option('--max-runtime <time>', 'how long an attempt may take: 30m, 2h', lengthOfTime)
    .option('--max-attempts <count>', 'attempts before it is given up', wholeNumber(1))
    .option('--model <name>', 'the model that works on it')
    .option('--reasoning <effort>', 'how much the model thinks: low, medium, high')
    .option('--skill <name>', 'a skill to begin with; given again, one more', gathered)
    .option('--check <check>', 'what must be so before it is done: command:pnpm test, files:dist/a.js, or pr:owner/repository#12', gatheredWhole)
    .option('--gate <gate>', 'whose word it waits for before it is done: person, or command:./verify', gatheredWhole)
    .option('--budget-tokens <count>', 'tokens that it may take', wholeNumber(1))
    .option('--budget-money <amount>', 'money that it may cost', money)
    .option('--budget-time <time>', 'time that all its attempts may take', lengthOfTime)
    .option('--goal-turns <count>', 'turns after each of which is judged whether it is done', wholeNumber(1))
}

/** The settings of a task that were typed; `undefined` when none were. @throws UsageError */
export function settingsOf(options: TaskOptions): TaskSettings | undefined {
  const { model, reasoning, skill, maxRuntime, maxAttempts, check, gate, goalTurns } = options
  const workspace = workspaceOf(options)
  const budget = budgetOf(options)
  const settings: TaskSettings = {
    ...(model !== undefined && { model }),
    ...(reasoning !== undefined && { reasoningEffort: reasoning }),
    ...(skill && { skills: skill }),
    ...(workspace && { workspace }),
    ...(maxRuntime !== undefined && { maxRuntimeMs: maxRuntime }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(budget && { budget }),
    ...(check && { checks: check.map(checkOf) }),
    ...(gate && { gates: gate.map(gateOf) }),
    ...(goalTurns !== undefined && { goal: { maxTurns: goalTurns } }),
  }
  return Object.keys(settings).length > 0 ? settings : undefined
}

/** Which of these options reach files or commands of the host; `undefined` when none does. */
export function hostOptionOf({ bodyFile, workspace, check, gate }: TaskOptions): string | undefined {
  if (bodyFile !== undefined) return '--body-file'
  if (workspace !== undefined && workspace !== 'scratch') return `--workspace ${workspace}`
  if (check !== undefined) return '--check'
  return gate?.some((one) => one !== 'person') ? '--gate command' : undefined
}

function workspaceOf({ workspace, branch }: TaskOptions): WorkspaceWish | undefined {
  if (workspace === undefined) {
    if (branch !== undefined) throw new UsageError('--branch is that of a worktree: --workspace worktree --branch NAME.')
    return undefined
  }
  const [, kind, path] = /^(scratch|dir|worktree)(?::(.+))?$/.exec(workspace) ?? []
  const isKnown = kind === 'worktree' || (kind === 'dir' ? path !== undefined : kind === 'scratch' && path === undefined)
  if (!isKnown) throw new UsageError(`'${workspace.slice(0, 80)}' is no workspace. Write scratch, dir:PATH, worktree or worktree:PATH.`)
  if (branch !== undefined && kind !== 'worktree') throw new UsageError('--branch is that of a worktree: --workspace worktree --branch NAME.')
  return { kind: kind as WorkspaceWish['kind'], ...(path !== undefined && { path }), ...(branch !== undefined && { branch }) }
}

function budgetOf({ budgetTokens: tokens, budgetMoney: costMicros, budgetTime: runMs }: TaskOptions): Budget | undefined {
  if (tokens === undefined && costMicros === undefined && runMs === undefined) return undefined
  return { ...(tokens !== undefined && { tokens }), ...(costMicros !== undefined && { costMicros }), ...(runMs !== undefined && { runMs }) }
}

function checkOf(text: string): CompletionCheck {
  const [, kind, rest = ''] = /^(command|files|pr):(.+)$/s.exec(text) ?? []
  if (kind === 'command') return { kind, command: rest }
  if (kind === 'files') return { kind, paths: rest.split(',').map((path) => path.trim()) }
  const [, repository, number] = (kind === 'pr' && /^([\w.-]+\/[\w.-]+)(?:#(\d+))?$/.exec(rest)) || []
  if (repository === undefined)
    throw new UsageError(`'${text.slice(0, 80)}' is no check. Write command:pnpm test, files:a.txt,b.txt or pr:owner/repository#12.`)
  return { kind: 'pull_request', repository, ...(number !== undefined && { number: Number(number) }) }
}

function gateOf(text: string): ApprovalGate {
  if (text === 'person') return { kind: 'person' }
  const [, command] = /^command:(.+)$/s.exec(text) ?? []
  if (command === undefined) throw new UsageError(`'${text.slice(0, 80)}' is no gate. Write person, or command:./verify.`)
  return { kind: 'command', command }
}
