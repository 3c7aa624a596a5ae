import { Agent, request } from 'node:http'
import { BENCH_KEY } from './gateway-process.ts'
import { percentile } from './percentile.ts'

/** A process that follows many streams at once and measures the gaps between their tokens; prints JSON. */
const [url = '', streams = '1000', tokens = '200', paceMs = '50'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number(streams) })
const gaps: number[] = []
const firsts: number[] = []

function follow(): Promise<boolean> {
  const text = JSON.stringify({ model: 'talaria', stream: true, messages: [{ role: 'user', content: `!stream ${tokens} word every ${paceMs}ms` }] })
  const begun = performance.now()
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${BENCH_KEY}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const sent = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      let last: number | undefined
      let tail = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        const now = performance.now()
        if (last === undefined) firsts.push(now - begun)
        else gaps.push(now - last)
        last = now
        tail = (tail + piece).slice(-32)
      })
      response.once('end', () => resolve(response.statusCode === 200 && tail.endsWith('data: [DONE]\n\n')))
      response.once('error', () => resolve(false))
    })
    sent.once('error', () => resolve(false))
    sent.end(text)
  })
}

// Spread over one pace, as people begin: a thousand timers that fire in one moment measure the timer, not the gateway.
const started = Array.from({ length: Number(streams) }, async (_, index) => {
  await new Promise((resolve) => setTimeout(resolve, (index / Number(streams)) * 1_000))
  return follow()
})
const completed = (await Promise.all(started)).filter(Boolean).length
agent.destroy()
console.log(JSON.stringify({ completed, gapP50Ms: percentile(gaps, 0.5), gapP99Ms: percentile(gaps, 0.99), firstP99Ms: percentile(firsts, 0.99) }))
