import { register } from 'prom-client'
import { expect, test } from 'vitest'
import { registerGauges } from './gauges.ts'
import { createMetrics } from './registry.ts'

const linesOf = (text: string) => text.split('\n').filter((line) => line && !line.startsWith('#'))

test('values are asked for with each scrape, and those no longer given are gone', async () => {
  const metrics = createMetrics()
  let leases: Record<string, number> = { 'gateway.db': 2, 'board.db': 1 }
  registerGauges(metrics, {
    name: 'db_leases',
    help: 'Leases.',
    labels: ['file'],
    collect: () => Object.entries(leases).map(([file, value]) => ({ value, labels: { file } })),
  })
  expect(linesOf(await metrics.metrics())).toEqual(['talaria_db_leases{file="gateway.db"} 2', 'talaria_db_leases{file="board.db"} 1'])
  leases = { 'gateway.db': 3 }
  expect(linesOf(await metrics.metrics())).toEqual(['talaria_db_leases{file="gateway.db"} 3'])
})

test('a gauge that throws or has nothing to tell is missing, and the others are not', async () => {
  const metrics = createMetrics()
  registerGauges(metrics, { name: 'broken', help: 'Broken.', collect: () => Promise.reject(new Error('no')) })
  registerGauges(metrics, { name: 'silent', help: 'Silent.', collect: () => [] })
  registerGauges(metrics, { name: 'fine', help: 'Fine.', collect: () => [{ value: 7 }] })
  expect(linesOf(await metrics.metrics())).toEqual(['talaria_fine 7'])
})

test('scrapes at the same time give the same', async () => {
  const metrics = createMetrics()
  let wait = 20
  registerGauges(metrics, {
    name: 'slow',
    help: 'Slow.',
    async collect() {
      await new Promise((resolve) => setTimeout(resolve, (wait -= 5)))
      return [{ value: 1 }]
    },
  })
  const scrapes = await Promise.all([metrics.metrics(), metrics.metrics(), metrics.metrics()])
  expect(scrapes.map(linesOf)).toEqual([['talaria_slow 1'], ['talaria_slow 1'], ['talaria_slow 1']])
})

test('nothing goes to the registry that prom-client shares among all', async () => {
  registerGauges(createMetrics(), { name: 'own', help: 'Own.', collect: () => [{ value: 1 }] })
  expect(await register.metrics()).not.toContain('talaria_own')
})
