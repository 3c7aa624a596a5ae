import { invalidField } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import { readRecipe } from '../graphs/recipes/read-recipe.ts'
import { runRecipe } from '../graphs/recipes/run-recipe.ts'
import { validateRecipe } from '../graphs/recipes/validate-recipe.ts'
import { actorOf } from './caller.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson } from './read-json.ts'

const Recipe = z.strictObject({
  definition: z.union([z.string(), z.record(z.string(), z.unknown())]).describe('A recipe of version 1: the value, or a text that is JSON or YAML'),
  inputs: z.record(z.string(), z.unknown()).exactOptional(),
  bindings: z.record(z.string(), z.string()).exactOptional().describe('Who has which role'),
})

const RecipeRun = Recipe.extend({ key: z.string().exactOptional().describe('Run once for each key; an Idempotency-Key is the same') })

/** `/{board}/recipes`: tasks by a template. */
export function recipesRoutes() {
  return new Hono<KanbanEnv>()
    .get('/recipes', operation({ tag: 'Tasks', summary: 'List what recipes were run, the newest first' }), async (c) =>
      c.json({ instances: await c.get('stores').recipes.list() }),
    )
    .get('/recipes/:instance', operation({ tag: 'Tasks', summary: 'Get what a recipe was made into, by its id or its key' }), async (c) =>
      c.json({ instance: await c.get('stores').recipes.get(c.req.param('instance')) }),
    )
    .post(
      '/recipes/validate',
      operation({ tag: 'Tasks', summary: 'Look a recipe over: all its problems, and nothing is written', body: Recipe }),
      async (c) => {
        const { definition, inputs, bindings } = await readJson(c, Recipe)
        const args = (inputs ?? bindings) && { ...(inputs && { inputs }), ...(bindings && { bindings }) }
        const { problems } = validateRecipe(valueOf(definition), args)
        return c.json({ ok: problems.length === 0, problems })
      },
    )
    .post('/recipes', operation({ tag: 'Tasks', summary: 'Make the tasks of a recipe, all or none', body: RecipeRun, status: 201 }), async (c) => {
      const { definition, key: named, ...args } = await readJson(c, RecipeRun)
      const key = c.req.header('idempotency-key') ?? named
      if (key === undefined) throw invalidField('key', 'a key, under which it is run once')
      const made = await runRecipe(c.get('stores'), valueOf(definition), { ...args, key, actor: actorOf(c) })
      return c.json(made, made.created ? 201 : 200)
    })
}

function valueOf(definition: string | Readonly<Record<string, unknown>>): unknown {
  return typeof definition === 'string' ? readRecipe(definition) : definition
}
