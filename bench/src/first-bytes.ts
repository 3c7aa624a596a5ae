import { Agent, request } from 'node:http'
import { percentile } from './percentile.ts'

export interface FirstBytes {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly connections: number
  readonly seconds: number
}

/** How long the first byte of an answer's body takes, with this many requests under way at any time. */
export async function firstBytes({ url, headers, body, connections, seconds }: FirstBytes): Promise<{ p50Ms: number; p99Ms: number; count: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const text = JSON.stringify(body)
  const warmUntil = performance.now() + 1_000
  const until = warmUntil + seconds * 1_000
  const times: number[] = []
  const client = async () => {
    while (performance.now() < until) {
      const begun = performance.now()
      const ms = await firstByte(url, agent, headers, text)
      if (begun > warmUntil) times.push(ms)
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99), count: times.length }
}

/** Resolves when the whole answer is here, with the time that its first byte took. */
function firstByte(url: string, agent: Agent, headers: Readonly<Record<string, string>>, text: string): Promise<number> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(text) } }, (response) => {
      let ms: number | undefined
      response.on('data', () => (ms ??= performance.now() - begun))
      response.once('end', () => (response.statusCode === 200 && ms !== undefined ? resolve(ms) : reject(new Error(`status ${response.statusCode}`))))
      response.once('error', reject)
    })
    sent.once('error', reject)
    sent.end(text)
  })
}
