import { Agent, request, type IncomingMessage } from 'node:http'
import { BENCH_KEY } from './gateway-process.ts'
import { pacedScript, TOKEN } from './paced-script.ts'
import { percentile } from './percentile.ts'
import { SseSplitter } from './sse-splitter.ts'

/** A process that follows many streams at once and measures the gaps between their tokens; prints JSON. */
const [url = '', streams = '1000', tokens = '200', paceMs = '50'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number(streams) })
const body = JSON.stringify({ model: 'talaria', stream: true, messages: [{ role: 'user', content: pacedScript(Number(tokens), Number(paceMs)) }] })
const headers = { authorization: `Bearer ${BENCH_KEY}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
const gaps: number[] = []
const firsts: number[] = []

/** Whether the whole answer came: every token, and the end. */
function follow(): Promise<boolean> {
  const begun = performance.now()
  return new Promise((resolve) => {
    const sent = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
      response.once('error', () => resolve(false))
      measure(response, begun, resolve)
    })
    sent.once('error', () => resolve(false))
    sent.end(body)
  })
}

function measure(response: IncomingMessage, begun: number, done: (isComplete: boolean) => void): void {
  const splitter = new SseSplitter()
  let [last, count, isEnded] = [0, 0, false]
  response.setEncoding('utf8')
  response.once('data', () => firsts.push(performance.now() - begun))
  response.on('data', (piece: string) => {
    const now = performance.now()
    for (const frame of splitter.push(piece)) {
      isEnded = frame === 'data: [DONE]'
      if (!frame.includes(TOKEN)) continue
      // Tokens that come in one piece came without a gap between them, as their reader sees it.
      if (count++ > 0) gaps.push(now - last)
      last = now
    }
  })
  response.once('end', () => done(response.statusCode === 200 && isEnded && count === Number(tokens)))
}

// Spread over a second, as people begin: a thousand timers that fire in one moment measure the timer, not the gateway.
const started = Array.from({ length: Number(streams) }, async (_, index) => {
  await new Promise((resolve) => setTimeout(resolve, (index / Number(streams)) * 1_000))
  return follow()
})
const completed = (await Promise.all(started)).filter(Boolean).length
agent.destroy()
console.log(
  JSON.stringify({
    completed,
    gapP50Ms: percentile(gaps, 0.5),
    gapP99Ms: percentile(gaps, 0.99),
    gapMaxMs: percentile(gaps, 1),
    firstP99Ms: percentile(firsts, 0.99),
  }),
)
