import { Hono } from 'hono'
import type { ModelListing } from '@talaria/agent'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { operation } from '../api/operation.ts'

/** `/v1/models`: the names a client may select; the first, by the name that the settings give it, runs when none is named. */
export function modelsRoutes(api: ApiContext) {
  const created = Math.floor(api.clock.now() / 1000)
  const models = () => api.agent.models().map((listing, index) => modelJson(index === 0 ? { ...listing, id: api.settings.modelName } : listing, created))
  return (
    new Hono<ApiEnv>()
      .get('/models', operation({ tag: 'OpenAI', summary: 'List models' }), (c) => {
        requireScope(c.get('caller'), 'read')
        return c.json({ object: 'list', data: models() })
      })
      // Names such as openai/gpt-5 hold a slash, which clients send as it is or as %2F.
      .get('/models/:id{.+}', operation({ tag: 'OpenAI', summary: 'Retrieve a model' }), (c) => {
        requireScope(c.get('caller'), 'read')
        const id = c.req.param('id')
        const model = models().find((one) => one.id === id)
        if (!model) throw new ApiError('model_not_found', `The model '${id}' does not exist. GET /v1/models lists those that do.`, { param: 'model' })
        return c.json(model)
      })
  )
}

function modelJson(listing: ModelListing, created: number) {
  return { id: listing.id, object: 'model', created, owned_by: listing.ownedBy, root: listing.target, parent: null }
}
