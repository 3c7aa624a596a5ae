import { closeSync, openSync } from 'node:fs'
import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deepHealthSchema, handlesReportSchema, healthSchema, jsonErrorSchema } from '../contracts/index.ts'
import { startDescriptorBudget, type DescriptorBudget } from '../descriptors/descriptor-budget.ts'
import { countDescriptors } from '../descriptors/open-descriptors.ts'
import { startEventLoopDelay, type EventLoopDelay } from '../event-loop-delay.ts'
import { jsonError } from '../json-error.ts'
import { silentLog } from '../log.ts'
import { createMetrics, registerGauges } from '../metrics/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import type { HealthCheck } from './health-checks.ts'
import { operatorRoutes, type OperatorRoutesOptions } from './operator-routes.ts'

const clock = new FakeClock()
let budget: DescriptorBudget
let eventLoopDelay: EventLoopDelay
const opened: number[] = []
beforeEach(() => {
  budget = startDescriptorBudget({ clock, log: silentLog, isDatabase: (path) => path === '/dev/zero', limit: countDescriptors()! + 1_000 })
  eventLoopDelay = startEventLoopDelay({ clock })
})
afterEach(async () => {
  for (const descriptor of opened.splice(0)) closeSync(descriptor)
  eventLoopDelay[Symbol.dispose]()
  await budget[Symbol.asyncDispose]()
})

const KEY = { headers: { authorization: 'Bearer k3Vq9ZpW7m2XdR5t' } }
const HANDLE = {
  file: '/srv/talaria/gateway.db',
  role: 'writer' as const,
  openedAt: 1_750_000_000_000,
  leases: [{ since: 1_750_000_000_500, where: 'at runTurn' }],
}

function appWith(options: Partial<OperatorRoutesOptions> & { checks?: readonly HealthCheck[] } = {}) {
  const routes = operatorRoutes({
    service: 'gateway',
    version: '1.2.3',
    isDraining: () => false,
    authorize: (c) => (c.req.header('authorization') === KEY.headers.authorization ? undefined : c.json(jsonError('No.', { type: 'gateway_auth_error' }), 401)),
    checks: [],
    budget,
    eventLoopDelay,
    metrics: createMetrics(),
    handles: () => ({ handles: [HANDLE], expectedDatabaseDescriptors: 5 }),
    clock,
    ...options,
  })
  return new Hono().route('/', routes)
}

test('/health is open and says ok, or draining', async () => {
  let isDraining = false
  const app = appWith({ isDraining: () => isDraining })
  const response = await app.request('/health')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(healthSchema.parse(await response.json())).toEqual({ status: 'ok', service: 'gateway', version: '1.2.3' })
  isDraining = true
  expect(await (await app.request('/health')).json()).toMatchObject({ status: 'draining' })
})

test.each(['/health/deep', '/metrics', '/handles'])('%s answers only whom the service lets in, and runs nothing for others', async (path) => {
  let runs = 0
  const app = appWith({
    checks: [{ name: 'counted', run: async () => void runs++ }],
    handles: () => (runs++, { handles: [], expectedDatabaseDescriptors: 0 }),
  })
  const refused = await app.request(path)
  expect(refused.status).toBe(401)
  expect(jsonErrorSchema.parse(await refused.json()).error.type).toBe('gateway_auth_error')
  expect(runs).toBe(0)
  const allowed = await app.request(path, KEY)
  expect(allowed.status).toBe(200)
  expect(allowed.headers.get('cache-control')).toBe('no-store')
})

test('/health/deep reports each check, the descriptors by class and the event loop', async () => {
  opened.push(openSync('/dev/zero', 'r'))
  const app = appWith({
    checks: [
      { name: 'session store', run: async () => {} },
      { name: 'disk', run: async () => ({ status: 'degraded', detail: '92 % full' }) },
    ],
  })
  const response = await app.request('/health/deep', KEY)
  const health = deepHealthSchema.parse(await response.json())
  expect(response.status).toBe(200)
  expect(health.status).toBe('degraded')
  expect(health.checks.map(({ name, status, detail }) => [name, status, detail]).slice(0, 2)).toEqual([
    ['session store', 'ok', null],
    ['disk', 'degraded', '92 % full'],
  ])
  expect(health.checks[2]).toMatchObject({ name: 'descriptors', status: 'ok', detail: expect.stringMatching(/^\d+ of \d+ in use$/) as string })
  expect(health.descriptors.classes?.database).toBe(1)
  expect(health.eventLoopDelay.p99Ms).toBeGreaterThanOrEqual(0)
})

test('/health/deep is 503 when a check fails, a hanging one too, while /health stays 200', async () => {
  const app = appWith({ checks: [{ name: 'hangs', run: () => new Promise(() => {}) }] })
  const asked = app.request('/health/deep', KEY)
  await clock.advance(2_000)
  const response = await asked
  expect(response.status).toBe(503)
  expect(deepHealthSchema.parse(await response.json())).toMatchObject({
    status: 'failed',
    checks: [{ name: 'hangs', status: 'failed', detail: 'no answer within 2000 ms' }, {}],
  })
  expect((await app.request('/health')).status).toBe(200)
})

test('/health/deep is 503 when new work is refused for want of descriptors (I-5)', async () => {
  const app = appWith()
  while (budget.sample() !== 'warn') opened.push(openSync('/dev/null', 'r'))
  expect(await (await app.request('/health/deep', KEY)).json()).toMatchObject({ status: 'degraded' })
  while (budget.sample() !== 'shed') opened.push(openSync('/dev/null', 'r'))
  const response = await app.request('/health/deep', KEY)
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ status: 'failed', descriptors: { level: 'shed' }, checks: [{ name: 'descriptors', status: 'failed' }] })
})

test('/handles says who holds each database since when, and counts the rest', async () => {
  const response = await appWith().request('/handles', KEY)
  const report = handlesReportSchema.parse(await response.json())
  expect(report).toMatchObject({ service: 'gateway', version: '1.2.3', pid: process.pid, handles: [HANDLE], expectedDatabaseDescriptors: 5 })
  expect(report.descriptors.classes?.pipe).toBeGreaterThan(0)
})

test('an unlimited process says so by leaving the limit out', async () => {
  await using unlimited = startDescriptorBudget({ clock, log: silentLog, isDatabase: () => false, limit: Infinity })
  const health = deepHealthSchema.parse(await (await appWith({ budget: unlimited }).request('/health/deep', KEY)).json())
  expect(health.descriptors).toMatchObject({ limit: null, level: 'ok' })
  expect(health.checks).toMatchObject([{ detail: expect.stringMatching(/^\d+ of any number in use$/) as string }])
})

test('/metrics is text for Prometheus', async () => {
  const metrics = createMetrics()
  registerGauges(metrics, { name: 'answer', help: 'The answer.', collect: () => [{ value: 42 }] })
  const response = await appWith({ metrics }).request('/metrics', KEY)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
  expect(await response.text()).toContain('talaria_answer 42\n')
})
