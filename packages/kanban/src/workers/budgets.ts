import type { Board, BoardSpend, Budget, Spend, TaskDetail } from '@talaria/db'

/** A budget that is used up. */
export interface BudgetRefusal {
  /** `day` comes back by itself; the others are for a person to raise. */
  readonly budget: 'task' | 'board' | 'day'
  readonly measure: keyof Budget
  readonly limit: number
  readonly spent: number
  /** A sentence for people. */
  readonly detail: string
}

type Spent = Spend & { readonly runMs: number }

/** Which budget of the whole board is used up, if one is: nothing is begun on it then. */
export function boardBudgetRefusal({ settings }: Pick<Board, 'settings'>, { spend, spendToday }: BoardSpend): BudgetRefusal | undefined {
  return refusalOf('day', settings.dayBudget, spendToday) ?? refusalOf('board', settings.boardBudget, spend)
}

/** Which part of a task's budget is used up, if one is. `ranMs` is what its attempt under way has taken so far. */
export function taskBudgetRefusal(
  task: Pick<TaskDetail, 'settings' | 'spend' | 'runMs'>,
  board: Pick<Board, 'settings'>,
  ranMs = 0,
): BudgetRefusal | undefined {
  return refusalOf('task', taskBudget(task, board), { ...task.spend, runMs: task.runMs + ranMs })
}

/** What a task may still cost. */
export function budgetLeft(task: Pick<TaskDetail, 'settings' | 'spend' | 'runMs'>, board: Pick<Board, 'settings'>): Budget {
  const spent = measured({ ...task.spend, runMs: task.runMs })
  const limits = Object.entries(taskBudget(task, board)) as [keyof Budget, number][]
  return Object.fromEntries(limits.map(([measure, limit]) => [measure, Math.max(0, limit - spent[measure])]))
}

/** Whether anything about a board's tasks is limited, so that who is not need not be looked at. */
export function hasBoardBudget({ settings }: Pick<Board, 'settings'>): boolean {
  return settings.dayBudget !== undefined || settings.boardBudget !== undefined
}

/** The task's own, where it says something, else the board's for each task. */
function taskBudget(task: Pick<TaskDetail, 'settings'>, board: Pick<Board, 'settings'>): Budget {
  return { ...board.settings.taskBudget, ...task.settings.budget }
}

const measured = ({ inputTokens, outputTokens, costMicros, runMs }: Spent): Required<Budget> => ({ tokens: inputTokens + outputTokens, costMicros, runMs })

const WORDS: Readonly<Record<keyof Budget, (value: number) => string>> = {
  tokens: (value) => `${value.toLocaleString('en')} tokens`,
  costMicros: (value) => `a cost of ${(value / 1_000_000).toFixed(2)}`,
  runMs: (value) => `${Math.round(value / 60_000).toLocaleString('en')} minutes of work`,
}

const WHOSE = { task: 'The task', board: 'The board', day: 'The board, today,' } as const

function refusalOf(budget: BudgetRefusal['budget'], limits: Budget | undefined, spent: Spent): BudgetRefusal | undefined {
  if (!limits) return undefined
  const values = measured(spent)
  for (const [measure, limit] of Object.entries(limits) as [keyof Budget, number][]) {
    if (values[measure] < limit) continue
    const detail = `${WHOSE[budget]} has come to ${WORDS[measure](values[measure])}, and may come to ${WORDS[measure](limit)}.`
    return { budget, measure, limit, spent: values[measure], detail }
  }
  return undefined
}
