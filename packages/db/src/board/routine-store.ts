import { createId, type Clock } from '@talaria/core'
import { nextSlot } from '@talaria/core/schedule'
import { sql } from 'kysely'
import type { Database } from '../database.ts'
import type { Snapshot, Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import type { Actor } from './records.ts'
import { fireSlot } from './routine-fire.ts'
import type { Routine, RoutineDefinition, RoutineFiring } from './routine-records.ts'
import { checkedRoutine, definitionColumns, routineOf } from './routine-rows.ts'
import type { BoardTables } from './tables.ts'
import type { CreatedTask } from './task-create.ts'
import type { Acting } from './task-store.ts'

/** The routines of a board. Every method is one transaction, and throws BoardError `NOT_FOUND` for a routine that is not there. */
export class RoutineStore {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** All of them, the oldest first. */
  list(): Promise<readonly Routine[]> {
    return this.#database.read(async (db) => (await db.selectFrom('routine').selectAll().orderBy('id').execute()).map(routineOf))
  }

  /** By id, or by a name that no other has. */
  get(reference: string): Promise<Routine> {
    return this.#database.read((db) => requireRoutine(db, reference))
  }

  /** @throws BoardError `INVALID` */
  async create(definition: RoutineDefinition, actor: Actor): Promise<Routine> {
    const checked = checkedRoutine(definition)
    return this.#write(async (tx, at) => {
      const row = await tx
        .insertInto('routine')
        .values({
          id: createId('routine', at),
          ...definitionColumns(checked),
          state: 'scheduled',
          created_by: actor,
          created_at: at,
          updated_at: at,
          planned_at: at,
          next_slot: nextSlot(checked, at) ?? null,
          last_task: null,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await noteChange(tx, routineOf(row), 'created', { actor, at })
      return routineOf(row)
    })
  }

  /** Changes what it makes, and when; what is not named stays. @throws BoardError `INVALID`, `STALE_REVISION` */
  change(reference: string, changes: Partial<RoutineDefinition>, acting: Acting): Promise<Routine> {
    return this.#update(reference, 'changed', acting, (routine, at) => {
      const definition = checkedRoutine({ ...routine, ...changes })
      const isReplanned = changes.schedules !== undefined || changes.timezone !== undefined
      const plan = isReplanned && routine.state === 'scheduled' && { planned_at: at, next_slot: nextSlot(definition, at) ?? null }
      return { ...definitionColumns(definition), ...plan }
    })
  }

  /** Has it make nothing until it is resumed. */
  pause(reference: string, { reason, ...acting }: Acting & { readonly reason?: string }): Promise<Routine> {
    return this.#update(reference, 'paused', { ...acting, ...(reason !== undefined && { payload: { reason } }) }, () => ({ state: 'paused', next_slot: null }))
  }

  /** Goes on with its next time; those that passed meanwhile are not made up for. */
  resume(reference: string, acting: Acting): Promise<Routine> {
    return this.#update(reference, 'resumed', acting, (routine, at) => ({ state: 'scheduled', planned_at: at, next_slot: nextSlot(routine, at) ?? null }))
  }

  /** Removes it; its tasks stay. */
  async remove(reference: string, actor: Actor): Promise<void> {
    await this.#write(async (tx, at) => {
      const routine = await requireRoutine(tx, reference)
      await tx.deleteFrom('routine').where('id', '=', routine.id).execute()
      await noteChange(tx, routine, 'removed', { actor, at })
    })
  }

  /** Those whose time has come, and those that were planned by a clock that has been put back since. */
  due(now: number): Promise<readonly Routine[]> {
    return this.#database.read(async (db) => {
      const rows = await db
        .selectFrom('routine')
        .selectAll()
        .where('state', '=', 'scheduled')
        .where('next_slot', 'is not', null)
        .where((eb) => eb.or([eb('next_slot', '<=', now), eb('planned_at', '>', now)]))
        .orderBy('next_slot')
        .execute()
      return rows.map(routineOf)
    })
  }

  /** Makes the tasks of its times and plans the next; `undefined` when somebody else has done so, or has changed it, since it was read. */
  fire(routine: Routine, { slots, missed, nextSlot: next, schedules }: RoutineFiring, actor: Actor): Promise<readonly CreatedTask[] | undefined> {
    return this.#write(async (tx, at) => {
      const { numUpdatedRows } = await tx
        .updateTable('routine')
        .set({ planned_at: at, next_slot: next, ...(schedules && { schedules: JSON.stringify(schedules) }) })
        .where('id', '=', routine.id)
        .where('revision', '=', routine.revision)
        .where('next_slot', 'is', routine.nextSlot)
        .executeTakeFirstOrThrow()
      if (numUpdatedRows === 0n) return undefined
      const tasks: CreatedTask[] = []
      for (const slot of slots) {
        const made = await fireSlot(tx, routine, { slot, missed: slot === slots.at(-1) ? missed : 0 }, { actor, at })
        if (made) tasks.push(made)
      }
      await countFired(tx, routine.id, tasks)
      return tasks
    })
  }

  /** Makes a task of it at once, whatever its times are and whether or not the one before is done. */
  runNow(reference: string, actor: Actor): Promise<CreatedTask> {
    return this.#write(async (tx, at) => {
      const routine = await requireRoutine(tx, reference)
      const made = (await fireSlot(tx, routine, { slot: at, missed: 0, isForced: true }, { actor, at }))!
      await countFired(tx, routine.id, [made])
      return made
    })
  }

  #update(
    reference: string,
    change: string,
    { actor, revision, payload }: Acting & { readonly payload?: object },
    columnsOf: (routine: Routine, at: number) => object,
  ): Promise<Routine> {
    return this.#write(async (tx, at) => {
      const routine = await requireRoutine(tx, reference)
      if (revision !== undefined && revision !== routine.revision) {
        throw new BoardError('STALE_REVISION', `The routine was changed since you read it (revision ${routine.revision}, not ${revision}).`, {
          details: { expected: revision, actual: routine.revision },
        })
      }
      const row = await tx
        .updateTable('routine')
        .set({ ...columnsOf(routine, at), updated_at: at, revision: sql<number>`revision + 1` })
        .where('id', '=', routine.id)
        .returningAll()
        .executeTakeFirstOrThrow()
      await noteChange(tx, routineOf(row), change, { actor, at, ...(payload && { payload }) })
      return routineOf(row)
    })
  }

  #write<Result>(callback: (tx: Transaction<BoardTables>, at: number) => Promise<Result>): Promise<Result> {
    const at = this.#clock.now()
    return this.#database.write((tx) => callback(tx, at))
  }
}

async function requireRoutine(db: Snapshot<BoardTables>, reference: string): Promise<Routine> {
  const rows = await db
    .selectFrom('routine')
    .selectAll()
    .where((eb) => eb.or([eb('id', '=', reference), eb('name', '=', reference)]))
    .limit(2)
    .execute()
  const [row] = rows
  if (!row) throw new BoardError('NOT_FOUND', `There is no routine '${reference.slice(0, 80)}'.`, { details: { routine: reference.slice(0, 80) } })
  if (rows.length > 1)
    throw new BoardError('INVALID', `Several routines are named '${row.name}'; name one by its id.`, { details: { field: 'routine', expected: 'an id' } })
  return routineOf(row)
}

async function countFired(tx: Transaction<BoardTables>, id: string, tasks: readonly CreatedTask[]): Promise<void> {
  const made = tasks.filter(({ created }) => created)
  if (made.length === 0) return
  await tx
    .updateTable('routine')
    .set((eb) => ({ fired: eb('fired', '+', made.length), last_task: String(made.at(-1)!.task.number) }))
    .where('id', '=', id)
    .execute()
}

async function noteChange(
  tx: Transaction<BoardTables>,
  { id, name }: Routine,
  change: string,
  { payload, ...by }: { readonly actor: Actor; readonly at: number; readonly payload?: object },
): Promise<void> {
  await appendEvent(tx, { kind: 'routine.changed', ...by, payload: { routine: id, name, change, ...payload } })
}
