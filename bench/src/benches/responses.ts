import { ratioRow, type Bench } from '../bench.ts'
import { load } from '../load.ts'

export const responses: Bench = {
  name: 'responses',
  async run({ seconds, startGateway, startServer }) {
    const bareUrl = await startServer('bare-hono')
    await using gateway = await startGateway()
    const { headers } = gateway
    const body = { model: 'talaria', input: '!say hello' }
    const barePost = await load({ url: `${bareUrl}/v1/chat/completions`, connections: 16, seconds, body })
    const stored = await load({ url: `${gateway.url}/v1/responses`, connections: 16, seconds, headers, body })
    const { id } = (await (await fetch(`${gateway.url}/v1/responses`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as { id: string }
    const bareGet = await load({ url: `${bareUrl}/v1/responses/${id}`, connections: 16, seconds })
    const retrieved = await load({ url: `${gateway.url}/v1/responses/${id}`, connections: 16, seconds, headers })
    return [
      ratioRow('responses stored, 16 connections', stored.perSecond / barePost.perSecond, {
        of: "bare hono's POST",
        atLeast: 0.25,
        figures: { perSecond: stored.perSecond, barePerSecond: barePost.perSecond },
      }),
      ratioRow('responses retrieved, 16 connections', retrieved.perSecond / bareGet.perSecond, {
        of: "bare hono's GET",
        atLeast: 0.4,
        figures: { perSecond: retrieved.perSecond, barePerSecond: bareGet.perSecond },
      }),
    ]
  },
}
