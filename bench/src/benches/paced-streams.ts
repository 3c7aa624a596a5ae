import { join } from 'node:path'
import { boundRow, type Bench } from '../bench.ts'
import { measuredBy } from '../child.ts'

const STREAMS = 1_000
const PACE_MS = 50

interface Figures {
  readonly completed: number
  readonly gapP50Ms: number
  readonly gapP99Ms: number
  readonly gapMaxMs: number
  readonly firstP99Ms: number
}

export const pacedStreams: Bench = {
  name: 'paced-streams',
  async run({ isQuick, startGateway }) {
    const tokens = isQuick ? 40 : 200
    const streams = isQuick ? 200 : STREAMS
    await using gateway = await startGateway()
    const client = join(import.meta.dirname, '../paced-client.ts')
    const figures = await measuredBy<Figures>([client, gateway.url, String(streams), String(tokens), String(PACE_MS)])
    requirePace(figures.gapP50Ms)
    const delayP99Ms = ((await gateway.metrics()).get('talaria_event_loop_delay_seconds{quantile="0.99"}') ?? Number.NaN) * 1_000
    return [
      {
        work: `${streams} paced streams of ${tokens} tokens, 20 tokens/s each`,
        measured: `${figures.completed} complete`,
        goal: 'all complete',
        isMet: figures.completed === streams,
        figures: { ...figures },
      },
      boundRow('gap between tokens, p99', figures.gapP99Ms, { atMost: 3 * PACE_MS, unit: 'ms' }),
      boundRow('event-loop delay meanwhile, p99', delayP99Ms, { atMost: 50, unit: 'ms' }),
    ]
  },
}

/** Says so instead of a figure when the streams were not what is to be measured: they came at once, or far too slowly. */
function requirePace(gapP50Ms: number): void {
  if (gapP50Ms >= PACE_MS / 2 && gapP50Ms <= PACE_MS * 2) return
  throw new Error(
    `paced-streams measured nothing: half of all gaps between tokens were at most ${gapP50Ms.toPrecision(3)} ms, where ${PACE_MS} ms were asked for. ` +
      'Either the scripted model was not understood (docs/scripted-model.md), or the machine is too busy for this many streams.',
  )
}
