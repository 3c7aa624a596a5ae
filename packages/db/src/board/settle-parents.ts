import { sql, type RawBuilder } from 'kysely'
import { PreparedQuery } from '../prepared-query.ts'
import type { Transaction } from '../scope.ts'
import type { Actor } from './records.ts'
import type { BoardTables } from './tables.ts'
import { LINK_STATES, type Ending } from './task-parents.ts'
import { rankSql } from './task-rank.ts'

/**
 * Tells the children of a task how it has ended, or that it is open again: by its links and their counters only, in as
 * many statements for ten thousand children as for one, and nothing else on the board is looked at.
 *
 * Children that may begin are promoted; those that never can are blocked. When the parent is opened again, children that
 * began because of it go back to `todo`: running ones are fenced, and what waited for done ones is told in turn.
 */
export async function settleParent(
  tx: Transaction<BoardTables>,
  parent: number,
  ending: Ending,
  { actor, at }: { readonly actor: Actor; readonly at: number },
): Promise<void> {
  for (const waiting = [parent]; waiting.length > 0;) {
    const number = waiting.pop()!
    const cause = `","parent":${number},"ancestor":${parent}}`
    const values: Values = { parent: number, cause, actor, at, isOpened: ending === 'open' ? 1 : 0, ...LINK_STATES[ending] }
    if (!(await anyChild.first(tx, values))) continue
    if (ending === 'open') {
      const undone = await undoneQuery.run(tx, values)
      waiting.push(...undone.rows.map(({ number }) => number))
      await fenceQuery.run(tx, values)
    }
    await eventsQuery.run(tx, values)
    await childrenQuery.run(tx, values)
    await linksQuery.run(tx, values)
  }
}

interface Values {
  readonly parent: number
  /** The rest of an event's payload: the parent, and the task that somebody did something to, which is the parent itself or one before it. */
  readonly cause: string
  readonly actor: Actor
  readonly at: number
  readonly isOpened: 0 | 1
  /** What a link of each condition becomes. */
  readonly success: string
  readonly failure: string
  readonly always: string
}

function prepared<Row>(build: (values: Values) => RawBuilder<Row>) {
  return new PreparedQuery<BoardTables, Values, Row>((tx, values) => ({ compile: () => build(values).compile(tx) }))
}

/** What a link becomes. */
const becomes = ({ success, failure, always }: Values) =>
  sql`case link.condition when 'success' then ${success} when 'failure' then ${failure} else ${always} end`

/** Each child with its counters as they will be, and where that puts it: `target`. */
const placedChildren = (values: Values) => sql`
  counted as (
    select task.number, task.state, task.run_id, task.resume_state, task.not_before, task.block_kind, task.parents_mode, task.deleted_at,
      task.open_parents + (${becomes(values)} = 'open') - (link.state = 'open') as open,
      task.met_parents + (${becomes(values)} = 'met') - (link.state = 'met') as met,
      task.dead_parents + (${becomes(values)} = 'dead') - (link.state = 'dead') as dead
    from link join task on task.number = link.child_number
    where link.parent_number = ${values.parent}
  ),
  judged as (
    select *, case parents_mode when 'any' then met > 0 or open + dead = 0 else open + dead = 0 end as allowed from counted
  ),
  placed as materialized (
    select *, case
      when deleted_at is not null then state
      when allowed and (state = 'todo' or (state = 'blocked' and block_kind = 'dependency'))
        then case when not_before > ${values.at} then 'scheduled' else resume_state end
      when not allowed and open = 0 and state = 'todo' then 'blocked'
      when not allowed and open > 0 and state = 'blocked' and block_kind = 'dependency' then 'todo'
      when not allowed and ${values.isOpened} and state in ('ready', 'review', 'running', 'done') then 'todo'
      else state
    end as target from judged
  )`

const anyChild = prepared(({ parent }) => sql<{ found: 1 }>`select 1 as found from link where parent_number = ${parent} limit 1`)

const undoneQuery = prepared(
  (values) => sql<{ number: number }>`with ${placedChildren(values)} select number from placed where state = 'done' and target = 'todo'`,
)

const fenceQuery = prepared(
  (values) => sql`with ${placedChildren(values)}
  update run set outcome = 'fenced', ended_at = ${values.at}
  where ended_at is null and id in (select run_id from placed where state = 'running' and target = 'todo')`,
)

/** SQLite numbers a row that names no number as the newest one plus one, which is what an event's is. */
const eventsQuery = prepared(
  (values) => sql`with ${placedChildren(values)}
  insert into event (task_number, run_id, kind, actor, payload, at)
  select number, run_id,
    case
      when target in ('ready', 'review') then 'task.promoted'
      when target = 'scheduled' then 'task.scheduled'
      when target = 'blocked' then 'task.blocked'
      when state = 'blocked' then 'task.unblocked'
      when state = 'running' then 'task.fenced'
      else 'task.reopened'
    end,
    ${values.actor}, '{"from":"' || state || '","to":"' || target || ${values.cause}, ${values.at}
  from placed where state <> target`,
)

const childrenQuery = prepared(
  (values) => sql`with ${placedChildren(values)}
  update task set
    open_parents = placed.open,
    met_parents = placed.met,
    dead_parents = placed.dead,
    state = target,
    column_key = case when target = placed.state then column_key end,
    revision = revision + (target <> placed.state),
    updated_at = case when target = placed.state then updated_at else ${values.at} end,
    ready_at = case when target in ('ready', 'review') then coalesce(ready_at, ${values.at}) when target = 'running' then ready_at end,
    rank = case when target in ('ready', 'review') then ${rankSql(sql`priority`, sql`coalesce(ready_at, ${values.at})`)} else 0 end,
    not_before = case when target in ('ready', 'review') then null else task.not_before end,
    run_ms = run_ms + case when placed.state = 'running' and target = 'todo'
      then coalesce((select max(0, ${values.at} - claimed_at) from run where id = task.run_id), 0) else 0 end,
    run_id = case when placed.state = 'running' and target = 'todo' then null else task.run_id end,
    resume_state = case when placed.state = 'done' and target = 'todo' then 'ready' else task.resume_state end,
    ended_at = case when placed.state = 'done' and target = 'todo' then null else ended_at end,
    verdict = case when placed.state = 'done' and target = 'todo' then null else verdict end,
    block_kind = case when target = 'blocked' and placed.state = 'todo' then 'dependency' else task.block_kind end,
    block_reason = case when target = 'blocked' and placed.state = 'todo' then 'Its parents have ended so that it can never begin.' else block_reason end,
    waiting_since = case when target = placed.state then waiting_since else ${values.at} end,
    waiting_code = case
      when target = 'todo' then 'parents'
      when target = placed.state then waiting_code
      when target = 'blocked' then 'deadlock'
      when target = 'scheduled' then 'not_before'
      when assignee is not null then 'queued'
      when target = 'review' then 'review'
      else 'unassigned'
    end,
    waiting_detail = case
      when target = 'todo' then 'Waits for ' || placed.open || ' of its parents.'
      when target = placed.state then waiting_detail
      when target = 'blocked' then 'Its parents have ended so that it can never begin.'
      when target = 'scheduled' then 'Waits for its time.'
      when target = 'review' then 'Waits for a review.'
      when assignee is not null then 'Waits for a worker.'
      else 'Nobody is assigned to it.'
    end
  from placed where task.number = placed.number`,
)

const linksQuery = prepared((values) => sql`update link set state = ${becomes(values)} where parent_number = ${values.parent}`)
