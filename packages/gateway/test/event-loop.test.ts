import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkForLeaks } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { dataOf, framesOf } from './frames.ts'
import { startTestGateway } from './start-test-gateway.ts'
import { TestAgent, type TestRun } from './test-agent.ts'

checkForLeaks()

const STREAMS = 200
const WORDS = 8
const PACE_MS = 40

/** About 5 MB that a client may send: a long conversation with an inlined picture. */
function largeBody(): Uint8Array {
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(3_000_000)}` } }
  const past = Array.from({ length: 2_000 }, (_, n) => ({ role: n % 2 ? 'assistant' : 'user', content: 'word '.repeat(200) }))
  return new TextEncoder().encode(JSON.stringify({ messages: [...past, { role: 'user', content: [{ type: 'text', text: 'Look' }, picture] }] }))
}

/** The longest that the loop stood still while this went on. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await work()
  histogram.disable()
  return histogram.max / 1e6
}

/** @see hermes-agent #40695, #101633, #100014: the event loop frozen by synchronous work */
test('many streams go on while large bodies are read: the loop stands still no longer than a few times what parsing one takes', async () => {
  const play = (run: TestRun) => {
    if (run.request.messages.length > 1) return void run.say('Seen.').finish()
    void (async () => {
      for (let n = 0; n < WORDS; n++) {
        run.say(`word${n} `)
        await sleep(PACE_MS)
      }
      run.finish()
    })()
  }
  await using t = await startTestGateway({ listens: true, agent: new TestAgent({ play }) })
  const body = largeBody()
  expect(body.byteLength).toBeGreaterThan(4_900_000)
  const parse = () => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown
  parse()
  const begun = performance.now()
  for (let n = 0; n < 5; n++) parse()
  const parseMs = (performance.now() - begun) / 5

  const large = () => t.api.json(t.api.post('/v1/chat/completions', body))
  await large()
  const streams = () =>
    Promise.all(
      Array.from({ length: STREAMS }, async () => {
        const words = dataOf(
          await Array.fromAsync(framesOf(await t.api.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Go' }], stream: true }))),
        )
        // Role, words, end: nothing is lost or torn.
        expect(words).toHaveLength(WORDS + 2)
      }),
    )
  const alone = await longestPause(streams)
  const together = await longestPause(async () => {
    const streaming = streams()
    for (let n = 0; n < 3; n++) await large()
    await streaming
  })
  // Looking for depth, parsing, checking, storing and sending one body; the client of this test does its part on the same loop.
  expect(together).toBeLessThan(alone * 2 + parseMs * 12)
}, 120_000)

test('a body that is a bomb of brackets is refused in a fraction of what building it would take', async () => {
  await using t = await startTestGateway()
  const bomb = '['.repeat(4_999_999)
  const plain = JSON.stringify({ title: 'x', metadata: { a: 'x'.repeat(4_999_000) } })
  const time = async (body: string) => {
    const begun = performance.now()
    const { status } = await t.api.post('/api/sessions', body)
    return { status, ms: performance.now() - begun }
  }
  await time(plain)
  const [refused, taken] = [await time(bomb), await time(plain)]
  expect([refused.status, taken.status]).toEqual([400, 201])
  expect(refused.ms).toBeLessThan(taken.ms * 10)
}, 60_000)
