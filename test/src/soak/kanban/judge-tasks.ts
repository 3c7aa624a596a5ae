import type { BoardEvent, Run, TaskDetail } from '@talaria/db'

/** Everything that a board says about one task when all is over. */
export interface TaskRecord {
  readonly task: TaskDetail
  readonly runs: readonly Run[]
  readonly events: readonly BoardEvent[]
}

/** What is wrong with how tasks ended; nothing, when each has ended exactly once, by the claim that was current. */
export function judgeTasks(records: readonly TaskRecord[]): readonly string[] {
  return records.flatMap(({ task, runs, events }) => {
    const faults: string[] = []
    const say = (what: string) => faults.push(`#${task.number}: ${what}`)
    const completed = runs.filter(({ outcome }) => outcome === 'completed')
    const last = runs.at(-1)
    if (task.state !== 'done') say(`it is ${task.state}`)
    if (completed.length !== 1) say(`${completed.length} of its attempts completed it`)
    if (last && completed[0] && last.id !== completed[0].id) say('an attempt was begun after it was done')
    if (runs.some(({ endedAt }) => endedAt === null)) say('an attempt is still open')
    if (events.filter(({ kind }) => kind === 'task.completed').length !== 1) say('it was completed more than once, or never, by its log')
    // Each attempt says its own number: the result of another one would show.
    if (completed[0] && task.summary !== `attempt ${completed[0].attempt}`) say(`attempt ${completed[0].attempt} completed it with '${task.summary}'`)
    const fences = runs.map(({ fence }) => fence)
    if (fences.some((fence, index) => index > 0 && fence <= fences[index - 1]!)) say(`its fences do not grow: ${fences.join(', ')}`)
    return faults
  })
}
