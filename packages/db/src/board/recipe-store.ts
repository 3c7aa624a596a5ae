import { createId, type Clock } from '@talaria/core'
import type { Selectable } from 'kysely'
import { z } from 'zod'
import type { Database } from '../database.ts'
import { decodeJson } from '../json-column.ts'
import { appendEvent } from './append-event.ts'
import { BoardError } from './board-error.ts'
import type { Actor, NewTask } from './records.ts'
import type { BoardTables, RecipeInstanceTable } from './tables.ts'
import { completed, type Completion } from './task-actions.ts'
import { checkedTask, checkName } from './task-checks.ts'
import { insertGraph, type GraphTask } from './task-graph.ts'
import { requireHead } from './task-head.ts'

/** A task of a recipe, with the name that it has there. */
export interface RecipeNode extends GraphTask {
  readonly key: string
  readonly task: NewTask
  /** Done from the start, before those that need it look. */
  readonly completion?: Completion
}

/** What is to be made of a recipe. */
export interface NewRecipeInstance {
  /** Once for each key, however often it is asked. */
  readonly key: string
  readonly recipe: string
  readonly definition: unknown
  readonly inputs: Readonly<Record<string, unknown>>
  /** Of everything that was asked: the same key with another digest is a mistake. */
  readonly digest: string
  readonly nodes: readonly RecipeNode[]
}

/** A recipe that was made into tasks. */
export interface RecipeInstance extends Omit<NewRecipeInstance, 'nodes'> {
  readonly id: string
  /** The number of each task by its name in the recipe. */
  readonly tasks: Readonly<Record<string, number>>
  readonly createdBy: Actor
  readonly createdAt: number
}

const TasksColumn = z.record(z.string(), z.int())
const InputsColumn = z.record(z.string(), z.unknown())

/** What recipes were made into tasks. */
export class RecipeStore {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /**
   * Makes all tasks of a recipe or none, or finds those that were made with its key.
   *
   * @throws BoardError `IDEMPOTENCY_CONFLICT` when something else was asked with this key, `INVALID`, `CYCLE`
   */
  async instantiate(
    { key, recipe, definition, inputs, digest, nodes }: NewRecipeInstance,
    actor: Actor,
  ): Promise<{ readonly instance: RecipeInstance; readonly created: boolean }> {
    checkName('key', key)
    const checked = nodes.map((node) => ({ ...node, task: checkedTask(node.task) }))
    const at = this.#clock.now()
    return this.#database.write(async (tx) => {
      const known = await tx.selectFrom('recipe_instance').selectAll().where('idempotency_key', '=', key).executeTakeFirst()
      if (known) {
        if (known.request_digest !== digest)
          throw new BoardError('IDEMPOTENCY_CONFLICT', `Something else was made with the key '${key}'.`, { details: { key, instance: known.id } })
        return { instance: instanceOf(known), created: false }
      }
      const made = await insertGraph(tx, checked, { actor, at })
      for (const [index, { completion }] of checked.entries()) {
        if (completion) await completed(completion)(tx, await requireHead(tx, made[index]!.task.number), { actor, at })
      }
      const tasks = Object.fromEntries(checked.map((node, index) => [node.key, made[index]!.task.number]))
      const row = await tx
        .insertInto('recipe_instance')
        .values({
          id: createId('recipe', at),
          idempotency_key: key,
          recipe,
          definition: JSON.stringify(definition),
          request_digest: digest,
          inputs: JSON.stringify(inputs),
          tasks: JSON.stringify(tasks),
          created_by: actor,
          created_at: at,
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      await appendEvent(tx, { kind: 'recipe.instantiated', actor, at, payload: { instance: row.id, recipe, key, tasks: Object.values(tasks) } })
      return { instance: instanceOf(row), created: true }
    })
  }

  /** The newest first, at most so many. */
  list({ limit = 100 }: { readonly limit?: number } = {}): Promise<readonly RecipeInstance[]> {
    return this.#database.read(async (db) => (await db.selectFrom('recipe_instance').selectAll().orderBy('id', 'desc').limit(limit).execute()).map(instanceOf))
  }

  /** By id, or by its key. @throws BoardError `NOT_FOUND` */
  async get(reference: string): Promise<RecipeInstance> {
    const row = await this.#database.read((db) =>
      db
        .selectFrom('recipe_instance')
        .selectAll()
        .where((eb) => eb.or([eb('id', '=', reference), eb('idempotency_key', '=', reference)]))
        .executeTakeFirst(),
    )
    if (!row) throw new BoardError('NOT_FOUND', `No recipe was run as '${reference.slice(0, 80)}'.`, { details: { instance: reference.slice(0, 80) } })
    return instanceOf(row)
  }
}

function instanceOf(row: Selectable<RecipeInstanceTable>): RecipeInstance {
  return {
    id: row.id,
    key: row.idempotency_key,
    recipe: row.recipe,
    definition: decodeJson(row.definition, z.unknown(), 'recipe_instance.definition'),
    inputs: decodeJson(row.inputs, InputsColumn, 'recipe_instance.inputs'),
    digest: row.request_digest,
    tasks: decodeJson(row.tasks, TasksColumn, 'recipe_instance.tasks'),
    createdBy: row.created_by,
    createdAt: row.created_at,
  }
}
