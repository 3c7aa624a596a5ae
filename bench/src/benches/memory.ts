import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boundRow, type Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { load } from '../load.ts'
import { slopeOf } from '../slope.ts'

const TURNS = 100_000
const SAMPLES = 20

export const memory: Bench = {
  name: 'memory',
  async run({ isQuick, startGateway }) {
    await using bare = startChild([join(import.meta.dirname, '../servers/bare-import.ts')])
    await bare.line((line) => /listening on (\S+)/.exec(line)?.[1])
    const bareMb = rssMbOf(bare.process.pid!)
    await using gateway = await startGateway()
    const turns = isQuick ? 2_000 : TURNS
    const samples: { turns: number; mb: number }[] = []
    const count = async () => (await gateway.metrics()).get('talaria_runs_settled_total{status="completed"}') ?? 0
    while ((await count()) < turns) {
      await load({
        url: `${gateway.url}/v1/chat/completions`,
        connections: 16,
        seconds: isQuick ? 1 : 2,
        headers: gateway.headers,
        body: { model: 'talaria', messages: [{ role: 'user', content: '!say hello' }] },
      })
      samples.push({ turns: await count(), mb: rssMbOf(gateway.pid) })
    }
    // The first third fills caches: the compiled code, SQLite's pages, the heap's young generation.
    const settled = samples.slice(Math.floor(samples.length / 3)).slice(-SAMPLES)
    const { slope, low, high } = slopeOf(settled.map((sample) => [sample.turns / 10_000, sample.mb]))
    const last = samples.at(-1)!
    return [
      boundRow(`memory after ${last.turns} turns`, last.mb / bareMb, { atMost: 1.4, unit: '× the bare import', figures: { mb: last.mb, bareMb } }),
      {
        work: 'its slope over the last two thirds',
        measured: `${slope.toFixed(2)} MB per 10,000 turns (${low.toFixed(2)} to ${high.toFixed(2)})`,
        goal: '0 within the bounds',
        isMet: low <= 0,
        figures: { slope, low, high },
      },
    ]
  },
}

function rssMbOf(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}
