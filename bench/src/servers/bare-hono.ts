import { serve } from '@hono/node-server'
import { Hono } from 'hono'

/** What the gateway is compared with: hono on node-server that answers at once, stores nothing and checks nothing. */
const answer = {
  id: 'chatcmpl-0',
  object: 'chat.completion',
  created: 0,
  model: 'talaria',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello', refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}

const app = new Hono()
  .get('/health', (c) => c.json({ status: 'ok' }))
  .get('/v1/responses/:id', (c) => c.json({ ...answer, id: c.req.param('id') }))
  .post('/v1/chat/completions', async (c) => {
    await c.req.json()
    return c.json(answer)
  })

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => console.log(`listening on http://127.0.0.1:${port}`))
process.once('SIGTERM', () => server.close())
