import type { Transaction } from '../scope.ts'
import { BoardError, invalidField } from './board-error.ts'
import type { Actor, LinkCondition, NewTask } from './records.ts'
import type { BoardTables } from './tables.ts'
import { insertTask, type CreatedTask } from './task-create.ts'

const MOST_TASKS = 1_000

/** A task among others that are made together, and which of those it waits for, by their place in the list. */
export interface GraphTask {
  readonly task: NewTask
  readonly needs: readonly (number | { readonly index: number; readonly condition: LinkCondition })[]
}

/**
 * Writes tasks that wait for each other, in whatever order they stand, and gives them back in that order.
 *
 * @throws BoardError `INVALID`, `SELF_LINK`, and `CYCLE` whose details name the places in the list
 */
export async function insertGraph(
  tx: Transaction<BoardTables>,
  graph: readonly GraphTask[],
  by: { readonly actor: Actor; readonly at: number; readonly inheritFrom?: number },
): Promise<readonly CreatedTask[]> {
  const made = new Map<number, CreatedTask>()
  for (const index of parentsFirst(graph)) {
    const { task, needs } = graph[index]!
    const parents = needs.map((need) => {
      const { index: parent, condition } = typeof need === 'number' ? { index: need, condition: 'success' as const } : need
      return { id: made.get(parent)!.task.id, condition }
    })
    made.set(index, await insertTask(tx, { ...task, parents: [...(task.parents ?? []), ...parents] }, by))
  }
  return graph.map((_, index) => made.get(index)!)
}

/** The places of the list, each after those that it needs. */
function parentsFirst(graph: readonly GraphTask[]): readonly number[] {
  if (graph.length > MOST_TASKS) throw invalidField('tasks', `at most ${MOST_TASKS}`)
  const needsOf = graph.map(({ needs }, index) => needs.map((need) => placeIn(graph, index, typeof need === 'number' ? need : need.index)))
  const open = needsOf.map((needs) => new Set(needs).size)
  const childrenOf = graph.map((): number[] => [])
  for (const [index, needs] of needsOf.entries()) for (const need of new Set(needs)) childrenOf[need]!.push(index)
  const order = open.flatMap((count, index) => (count === 0 ? [index] : []))
  for (const index of order) for (const child of childrenOf[index]!) if (--open[child]! === 0) order.push(child)
  if (order.length < graph.length) throw cycleIn(needsOf, open)
  return order
}

function placeIn(graph: readonly GraphTask[], index: number, need: number): number {
  if (need === index) throw new BoardError('SELF_LINK', `Task ${index} of the list cannot wait for itself.`, { details: { index } })
  if (!Number.isInteger(need) || need < 0 || need >= graph.length) throw invalidField(`tasks.${index}.needs`, `places from 0 to ${graph.length - 1}`)
  return need
}

/** Everything that is still open waits for something that is open, so that whoever follows the needs comes round. */
function cycleIn(needsOf: readonly (readonly number[])[], open: readonly number[]): BoardError {
  const way: number[] = []
  for (let index = open.findIndex((count) => count > 0); !way.includes(index); index = needsOf[index]!.find((need) => open[need]! > 0)!) way.unshift(index)
  const back = needsOf[way[0]!]!.find((need) => open[need]! > 0)!
  const cycle = [back, ...way.slice(0, way.indexOf(back) + 1)]
  return new BoardError('CYCLE', `Tasks of the list wait for each other: ${cycle.join(' → ')}.`, { details: { cycle } })
}
