import { Hono, type Context } from 'hono'
import { z } from 'zod'
import { decomposeTask } from '../graphs/decompose.ts'
import { PlanError } from '../graphs/plan-error.ts'
import type { Planning } from '../graphs/planner.ts'
import { specifyTask } from '../graphs/specify.ts'
import { createSwarm } from '../graphs/swarm.ts'
import { actorOf } from './caller.ts'
import { cardOf } from './card.ts'
import { expectedRevision } from './entity-tag.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { answer } from './tasks.ts'

const Revision = z.strictObject({ revision: z.int().exactOptional().describe('Of the task as it was read: 412 when it was changed since') })
const SpecifyQuery = z.strictObject({ by: z.enum(['caller', 'model']).default('caller').describe('Whose words: those of the body, or those of the model') })
const name = z.string().min(1).max(200)

const NewSwarm = z.strictObject({
  goal: z.string(),
  workers: z.array(z.strictObject({ assignee: name, title: z.string(), skills: z.array(z.string()).exactOptional() })),
  verifier: name,
  synthesizer: name,
  tenant: name.exactOptional(),
  priority: z.int().exactOptional(),
  key: name.exactOptional().describe('One swarm for each key; an Idempotency-Key is the same'),
})

/** `/{board}/tasks/{task}/decompose`, the same for `specify?by=model`, and `/{board}/swarms`. Mounted before the actions of tasks, of which `specify` is one. */
export function plansRoutes(api: KanbanApi) {
  return new Hono<KanbanEnv>()
    .post('/tasks/:task/specify', async (c, next) => {
      if (readQuery(c, SpecifyQuery).by === 'caller') return next()
      return answer(c, await specifyTask(c.get('stores'), c.req.param('task'), await planning(c, api)))
    })
    .post(
      '/tasks/:task/decompose',
      operation({ tag: 'Tasks', summary: 'Have the model divide a task in triage, or specify it when one worker is enough', body: Revision }),
      async (c) => {
        const { task, parts, rationale } = await decomposeTask(c.get('stores'), c.req.param('task'), await planning(c, api))
        return answer(c, task, { parts: parts.map(cardOf), rationale })
      },
    )
    .post(
      '/swarms',
      operation({ tag: 'Tasks', summary: 'Make a swarm: a blackboard, workers, a verifier and a synthesizer', body: NewSwarm, status: 201 }),
      async (c) => {
        const input = await readJson(c, NewSwarm)
        const key = c.req.header('idempotency-key') ?? input.key
        const made = await createSwarm(c.get('stores'), { ...input, ...(key !== undefined && { key }) }, actorOf(c))
        return c.json(made, made.created ? 201 : 200)
      },
    )
}

async function planning(c: Context<KanbanEnv>, { planner }: KanbanApi): Promise<Planning> {
  if (!planner) throw new PlanError('MODEL_MISSING', 'No model is set up here that could be asked.')
  const { revision } = await readJson(c, Revision)
  return { planner, actor: actorOf(c), ...(revision !== undefined && { revision }), ...expectedRevision(c), signal: c.req.raw.signal }
}
