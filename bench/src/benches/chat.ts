import { boundRow, ratioRow, type Bench } from '../bench.ts'
import { firstBytes } from '../first-bytes.ts'
import { load } from '../load.ts'

const say = (content: string, stream = false) => ({ model: 'talaria', stream, messages: [{ role: 'user', content }] })

/** Hermes' gateway on an equal machine, its agent replaced by a constant, storing nothing. */
const HERMES_STREAMS_PER_SECOND = 64

export const chat: Bench = {
  name: 'chat',
  async run({ seconds, startGateway, startServer }) {
    const bareUrl = await startServer('bare-hono')
    await using gateway = await startGateway()
    const bare = await load({ url: `${bareUrl}/v1/chat/completions`, connections: 16, seconds, body: say('hello') })
    const ours = await load({ url: `${gateway.url}/v1/chat/completions`, connections: 16, seconds, headers: gateway.headers, body: say('!say hello') })
    return [
      ratioRow('chat, not streamed, 16 connections, on disk', ours.perSecond / bare.perSecond, {
        of: "bare hono's POST",
        atLeast: 0.25,
        figures: { perSecond: ours.perSecond, barePerSecond: bare.perSecond, p99Ms: ours.p99Ms },
      }),
    ]
  },
}

export const chatStream: Bench = {
  name: 'chat-stream',
  async run({ seconds, startGateway, startServer }) {
    const bareUrl = await startServer('bare-stream')
    await using gateway = await startGateway()
    const body = say('!stream 50 word', true)
    const bare = await load({ url: bareUrl, connections: 16, seconds, body })
    const ours = await load({ url: `${gateway.url}/v1/chat/completions`, connections: 16, seconds, headers: gateway.headers, body })
    const first = await firstBytes({ url: `${gateway.url}/v1/chat/completions`, headers: gateway.headers, body, connections: 64, seconds })
    return [
      ratioRow('50-chunk stream, 16 connections, on disk', ours.perSecond / bare.perSecond, {
        of: 'bare node:http',
        atLeast: 0.5,
        figures: { perSecond: ours.perSecond, barePerSecond: bare.perSecond, timesHermes: ours.perSecond / HERMES_STREAMS_PER_SECOND },
      }),
      {
        ...boundRow('first byte of a stream, 64 connections, p99', first.p99Ms, { atMost: 25, unit: 'ms' }),
        figures: { p50Ms: first.p50Ms, p99Ms: first.p99Ms },
      },
    ]
  },
}
