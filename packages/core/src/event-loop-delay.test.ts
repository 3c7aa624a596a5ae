import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startEventLoopDelay } from './event-loop-delay.ts'
import { FakeClock } from './testing/fake-clock.ts'

function block(ms: number) {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('work that blocks the loop shows as its length, and not as the resolution on top of it', async () => {
  using delay = startEventLoopDelay({ clock: new FakeClock() })
  await sleep(60)
  block(300)
  await sleep(60)
  const { maxMs, p50Ms, p99Ms } = delay.read()
  expect(maxMs).toBeGreaterThan(250)
  // Half the firings at least came in time: an idle loop is not 20 ms late.
  expect(p50Ms).toBeLessThan(20)
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
})

test('before the first firing the delay is nothing', () => {
  using delay = startEventLoopDelay({ clock: new FakeClock() })
  expect(delay.read()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0, windowMs: 0 })
})

test('reading within a minute keeps the window, a later reading ends it', async () => {
  const clock = new FakeClock()
  using delay = startEventLoopDelay({ clock })
  await sleep(60)
  block(200)
  await sleep(60)
  await clock.advance(59_999)
  expect(delay.read().maxMs).toBeGreaterThan(150)
  await clock.advance(1)
  expect(delay.read()).toMatchObject({ maxMs: expect.toSatisfy((ms: number) => ms > 150) as number, windowMs: 60_000 })
  expect(delay.read()).toMatchObject({ maxMs: 0, windowMs: 0 })
})

test('measuring does not keep a process alive', () => {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const code = `
    import { startEventLoopDelay } from ${module('./event-loop-delay.ts')}
    import { systemClock } from ${module('./clock.ts')}
    startEventLoopDelay({ clock: systemClock })`
  execFileSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 15_000 })
})
