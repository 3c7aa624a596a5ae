import { join } from 'node:path'
import { boundRow, type Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { percentile } from '../percentile.ts'

const ROUNDS = 7

export const startUp: Bench = {
  name: 'start-up',
  async run({ isQuick, startGateway }) {
    const bare: number[] = []
    const ours: number[] = []
    const cache = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../../node_modules/.cache/talaria-bench') }
    // In turn, so that both meet the same machine; the first of each fills the cache and is not counted.
    for (let round = 0; round <= (isQuick ? 2 : ROUNDS); round++) {
      const bareMs = await bareStart(cache)
      await using gateway = await startGateway({ env: cache })
      if (round === 0) continue
      bare.push(bareMs)
      ours.push(gateway.readyAfterMs)
    }
    const [bareMs, oursMs] = [percentile(bare, 0.5), percentile(ours, 0.5)]
    return [boundRow('start to first 200 on /health', oursMs / bareMs, { atMost: 1.3, unit: '× the bare import', figures: { ms: oursMs, bareMs } })]
  },
}

async function bareStart(env: NodeJS.ProcessEnv): Promise<number> {
  const begun = performance.now()
  await using child = startChild([join(import.meta.dirname, '../servers/bare-import.ts')], env)
  const url = await child.line((line) => /listening on (\S+)/.exec(line)?.[1])
  await fetch(`${url}/health`)
  return performance.now() - begun
}
