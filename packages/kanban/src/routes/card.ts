import type { Task } from '@talaria/db'

/** Characters of a summary that a card shows. */
const SUMMARY = 200

/** A task as lists, boards and events show it. What is null, nothing or none is left out: most of a card is, and there are many. */
export type Card = Partial<Task>

export function cardOf(task: Task): Card {
  const summary = task.summary !== null && task.summary.length > SUMMARY ? `${task.summary.slice(0, SUMMARY).toWellFormed()}…` : task.summary
  return Object.fromEntries(Object.entries({ ...task, summary }).filter(([, value]) => !isNothing(value)))
}

function isNothing(value: unknown): boolean {
  if (value === null || value === 0) return true
  if (typeof value !== 'object') return false
  // Parents of which there are none, and money that was not spent.
  return Object.values(value).every((inner) => inner === 0 || inner === 'all')
}
