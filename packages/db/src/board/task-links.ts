import { sql } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import { moveTask, writeHead } from './move-task.ts'
import type { Actor, Link, LinkCondition, LinkState } from './records.ts'
import type { BoardTables } from './tables.ts'
import { headOf, requireHead, type TaskHead } from './task-head.ts'
import { endingOf, isDeadlocked, LINK_STATES, parentsAllow } from './task-parents.ts'
import { placeOf } from './task-place.ts'

interface By {
  readonly actor: Actor
  readonly at: number
}

/**
 * Has `child` wait for `parent`. A child that is ready, or in review, goes back to `todo` when that holds it back; one
 * that runs goes on, and cannot be completed before its parent.
 *
 * @throws BoardError `SELF_LINK`, `DUPLICATE_LINK`, `CYCLE`
 */
export async function linkTasks(tx: Transaction<BoardTables>, parent: number, child: number, condition: LinkCondition, by: By): Promise<Link> {
  if (parent === child) throw new BoardError('SELF_LINK', `#${child} cannot wait for itself.`, { details: { task: child } })
  const [before, after] = [await requireHead(tx, parent), await requireHead(tx, child)]
  await refuseCycle(tx, parent, child)
  const state = LINK_STATES[endingOf(before)][condition]
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('link')
    .values({ parent_number: parent, child_number: child, condition, state })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows === 0n) throw new BoardError('DUPLICATE_LINK', `#${child} waits for #${parent} already.`, { details: { parent, child } })
  await appendEvent(tx, { kind: 'link.added', ...by, taskNumber: child, payload: { parent, child, condition, state } })
  await place(tx, await count(tx, after, state, 1, by.at), by)
  return { parentNumber: parent, childNumber: child, condition, state }
}

/** Has `child` wait for `parent` no longer, and promotes it when that was all; false when it did not wait for it. */
export async function unlinkTasks(tx: Transaction<BoardTables>, parent: number, child: number, by: By): Promise<boolean> {
  const link = await tx.deleteFrom('link').where('parent_number', '=', parent).where('child_number', '=', child).returning('state').executeTakeFirst()
  if (!link) return false
  await appendEvent(tx, { kind: 'link.removed', ...by, taskNumber: child, payload: { parent, child } })
  await place(tx, await count(tx, await requireHead(tx, child), link.state as LinkState, -1, by.at), by)
  return true
}

/** Puts a task that has not begun where its parents and its time let it be, after either has changed. */
export async function place(tx: Transaction<BoardTables>, head: TaskHead, by: By): Promise<TaskHead> {
  const waitsForParents = head.state === 'todo' || (head.state === 'blocked' && head.block_kind === 'dependency')
  if (waitsForParents && parentsAllow(head)) {
    const to = placeOf(head, by.at)
    if (to === 'scheduled') return moveTask(tx, head, { ...by, action: 'schedule', to })
    return moveTask(tx, head, { ...by, action: 'promote', to: to === 'review' ? to : 'ready' })
  }
  if ((head.state === 'ready' || head.state === 'review') && !parentsAllow(head))
    return place(tx, await moveTask(tx, head, { ...by, action: 'demote', to: 'todo' }), by)
  if (head.state === 'todo' && isDeadlocked(head)) {
    const changes = { block_kind: 'dependency', block_reason: 'Its parents have ended so that it can never begin.' }
    return moveTask(tx, head, { ...by, action: 'block', to: 'blocked', changes, payload: { kind: 'dependency' } })
  }
  if (head.state === 'blocked' && head.block_kind === 'dependency' && !isDeadlocked(head)) return moveTask(tx, head, { ...by, action: 'unblock', to: 'todo' })
  return head
}

/** Counts a parent in or out. */
async function count(tx: Transaction<BoardTables>, head: TaskHead, state: LinkState, change: 1 | -1, at: number): Promise<TaskHead> {
  await tx
    .updateTable('task')
    .set((eb) => {
      if (state === 'open') return { open_parents: eb('open_parents', '+', change) }
      return state === 'met' ? { met_parents: eb('met_parents', '+', change) } : { dead_parents: eb('dead_parents', '+', change) }
    })
    .where('number', '=', head.number)
    .execute()
  return writeHead(tx, (await headOf(tx, head.number))!, at)
}

/** @throws BoardError `CYCLE` when `parent` waits, by whatever way, for `child`. */
async function refuseCycle(tx: Transaction<BoardTables>, parent: number, child: number): Promise<void> {
  if (!(await reachesQuery.first(tx, { parent, child }))) return
  const { rows } = await edgesQuery.run(tx, { child })
  const cycle = [...shortestWay(rows, child, parent), child]
  throw new BoardError('CYCLE', `#${child} cannot wait for #${parent}, which waits for it: ${cycle.map((number) => `#${number}`).join(' → ')}.`, {
    details: { cycle },
  })
}

interface Edge {
  readonly parent_number: number
  readonly child_number: number
}

/** The tasks on the shortest way from one to another, both among them. */
function shortestWay(edges: readonly Edge[], from: number, to: number): readonly number[] {
  const childrenOf = Map.groupBy(edges, (edge) => edge.parent_number)
  const cameFrom = new Map([[from, from]])
  const queue = [from]
  for (const number of queue) {
    for (const { child_number: next } of childrenOf.get(number) ?? []) {
      if (cameFrom.has(next)) continue
      cameFrom.set(next, number)
      queue.push(next)
    }
  }
  const way = [to]
  while (way[0] !== from && cameFrom.has(way[0]!)) way.unshift(cameFrom.get(way[0]!)!)
  return way
}

const reachesQuery = new PreparedQuery<BoardTables, { parent: number; child: number }, { found: number }>((tx, { parent, child }) => ({
  compile: () =>
    sql<{ found: number }>`with recursive below (number) as (
      select ${child} union select link.child_number from link join below on link.parent_number = below.number
    ) select 1 as found from below where number = ${parent} limit 1`.compile(tx),
}))

const edgesQuery = new PreparedQuery<BoardTables, { child: number }, Edge>((tx, { child }) => ({
  compile: () =>
    sql<Edge>`with recursive below (number) as (
      select ${child} union select link.child_number from link join below on link.parent_number = below.number
    ) select parent_number, child_number from link where parent_number in (select number from below)`.compile(tx),
}))
