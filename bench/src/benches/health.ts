import { ratioRow, type Bench } from '../bench.ts'
import { load } from '../load.ts'

export const health: Bench = {
  name: 'health',
  async run({ seconds, startGateway, startServer }) {
    const bareUrl = await startServer('bare-hono')
    await using gateway = await startGateway()
    const bare = await load({ url: `${bareUrl}/health`, connections: 16, seconds })
    const ours = await load({ url: `${gateway.url}/health`, connections: 16, seconds })
    return [
      ratioRow('/health, 16 connections', ours.perSecond / bare.perSecond, {
        of: 'bare hono',
        atLeast: 0.7,
        figures: { perSecond: ours.perSecond, barePerSecond: bare.perSecond },
      }),
    ]
  },
}
