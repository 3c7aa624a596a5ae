import type { LinkCondition, TaskState } from '../board/records.ts'
import { endingOf, isDeadlocked, LINK_STATES, parentsAllow } from '../board/task-parents.ts'
import { rankOf } from '../board/task-rank.ts'
import type { BoardTables } from '../board/tables.ts'
import { TRANSITIONS } from '../board/transitions.ts'
import type { Selectable } from 'kysely'
import { rowsOf } from './rows-of.ts'

type Row<Table extends keyof BoardTables> = Selectable<BoardTables[Table]>

const WAYS = Object.values(TRANSITIONS)

/** What of a board's file contradicts what must be true of every board at every moment; nothing, if all is well. */
export function boardFaults(file: string): readonly string[] {
  const tasks = rowsOf<Row<'task'>>(file, 'select * from task order by number')
  const runs = rowsOf<Row<'run'>>(file, 'select * from run order by id')
  const links = rowsOf<Row<'link'>>(file, 'select * from link')
  const events = rowsOf<Row<'event'>>(file, 'select * from event order by seq')
  const faults: string[] = []
  const claim = (isTrue: boolean, fault: () => string) => void (isTrue || faults.push(fault()))

  events.forEach(({ seq }, index) => claim(seq === index + 1, () => `event ${index + 1} has number ${seq}`))
  const byNumber = new Map(tasks.map((task) => [task.number, task]))
  const runsOf = Map.groupBy(runs, (run) => run.task_number)
  const linksOf = Map.groupBy(links, (link) => link.child_number)
  const isPurged = tasks.some(({ number }, index) => number !== index + 1)
  const replayed = replay(events, claim)

  for (const task of tasks) {
    const name = `#${task.number} (${task.state}${task.deleted_at === null ? '' : ', deleted'})`
    const own = runsOf.get(task.number) ?? []
    const open = own.filter((run) => run.ended_at === null)
    claim(open.length <= 1, () => `${name} has ${open.length} open runs`)
    claim(task.run_id === (open[0]?.id ?? null), () => `${name} names run ${task.run_id}, and ${open[0]?.id} is open`)
    claim((task.state === 'running') === (task.run_id !== null), () => `${name} has run ${task.run_id}`)
    claim(
      open.every((run) => run.fence === task.fence),
      () => `${name} has fence ${task.fence}, its run another`,
    )
    claim(
      own.every((run, index) => run.fence === index + 1 && run.attempt === index + 1),
      () => `${name}: fences ${own.map((run) => run.fence).join()}`,
    )
    claim(task.fence === own.length && task.attempts === own.length, () => `${name} has fence ${task.fence}, ${task.attempts} attempts, ${own.length} runs`)
    for (const column of ['input_tokens', 'output_tokens', 'cost_micros'] as const) {
      const sum = own.reduce((total, run) => total + run[column], 0)
      claim(sum === task[column], () => `${name}: ${column} ${task[column]}, its runs ${sum}`)
    }
    const ranMs = own.reduce((total, run) => total + (run.ended_at === null ? 0 : Math.max(0, run.ended_at - run.claimed_at)), 0)
    claim(ranMs === task.run_ms, () => `${name} ran ${task.run_ms} ms, its runs ${ranMs}`)

    const isEnded = task.state === 'done' || task.state === 'archived'
    claim(isEnded === (task.ended_at !== null), () => `${name} has ended at ${task.ended_at}`)
    claim((task.state === 'archived') === (task.archived_from !== null), () => `${name} was archived from ${task.archived_from}`)
    claim(task.state !== 'done' || task.verdict !== null, () => `${name} has no verdict`)
    const isClaimable = task.state === 'ready' || task.state === 'review'
    claim(!isClaimable || task.ready_at !== null, () => `${name} does not know since when`)
    claim(!isClaimable || task.rank === rankOf(task.priority, task.ready_at), () => `${name} has rank ${task.rank}`)
    claim((task.waiting_code === null) === (isEnded || task.state === 'running'), () => `${name} waits for ${task.waiting_code}`)

    const parents = linksOf.get(task.number) ?? []
    for (const state of ['open', 'met', 'dead'] as const) {
      const count = parents.filter((link) => link.state === state).length
      claim(count === task[`${state}_parents`], () => `${name} counts ${task[`${state}_parents`]} ${state} parents, its links ${count}`)
    }
    for (const link of parents) {
      const parent = byNumber.get(link.parent_number)
      const state = parent && LINK_STATES[endingOf(parent)][link.condition as LinkCondition]
      claim(state === link.state, () => `${name}: its link to #${link.parent_number} (${parent?.state}, ${link.condition}) is ${link.state}, not ${state}`)
    }
    if (task.deleted_at === null) {
      claim(!isClaimable || parentsAllow(task), () => `${name} waits for parents`)
      claim(task.state !== 'todo' || !parentsAllow(task), () => `${name} waits for nothing`)
      claim(task.state !== 'todo' || !isDeadlocked(task), () => `${name} waits for ever`)
      // One whose parent was purged waits for a person: time that passes must not begin what its end has held back.
      claim(
        isPurged || task.state !== 'blocked' || task.block_kind !== 'dependency' || !parentsAllow(task),
        () => `${name} is blocked by parents that allow it`,
      )
    }
    claim(replayed.get(task.number) === task.state, () => `${name} is ${replayed.get(task.number)} according to its events`)
  }
  claim(
    runs.every((run) => (run.ended_at === null) === (run.outcome === null)),
    () => 'a run has an outcome and no end, or an end and no outcome',
  )
  return faults
}

/** Where its events have brought each task, every step of them by a way that the table of transitions has. */
function replay(events: readonly Row<'event'>[], claim: (isTrue: boolean, fault: () => string) => void): ReadonlyMap<number, TaskState> {
  const states = new Map<number, TaskState>()
  for (const { seq, task_number: number, kind, payload } of events) {
    if (number === null || kind === 'task.assigned') continue
    const said = JSON.parse(payload) as { readonly state?: TaskState; readonly from?: TaskState; readonly to?: TaskState }
    if (kind === 'task.created') states.set(number, said.state!)
    const from = said.from
    const to = kind === 'task.claimed' ? 'running' : said.to
    if (from !== undefined) claim(states.get(number) === from, () => `event ${seq} (${kind}): #${number} is ${states.get(number)}, not ${from}`)
    if (from === undefined || to === undefined) continue
    claim(
      WAYS.some((way) => way.from.includes(from) && way.to.includes(to)),
      () => `event ${seq} (${kind}): #${number} cannot go from ${from} to ${to}`,
    )
    states.set(number, to)
  }
  return states
}
