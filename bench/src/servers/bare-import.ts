import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/** What starting a gateway is compared with: a process that loads the same libraries with Node's compile cache, and answers. */
enableCompileCache()
const drivers = join(import.meta.dirname, '../../../packages/db/bench/bare-drivers.ts')
await Promise.all([
  import('hono'),
  import('zod'),
  import('yaml'),
  import('pino'),
  import('prom-client'),
  import('hono-openapi'),
  import('@ai-sdk/provider'),
  import(drivers),
])
const { serve } = await import('@hono/node-server')
const { Hono } = await import('hono')
const app = new Hono().get('/health', (c) => c.json({ status: 'ok', rss: process.memoryUsage.rss() }))
const server = serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 0), hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`listening on http://127.0.0.1:${port}`),
)
process.once('SIGTERM', () => server.close())
