import { join } from 'node:path'
import { boundRow, ratioRow, type Bench, type Row } from '../bench.ts'
import { measuredBy } from '../child.ts'

const PACKAGES = join(import.meta.dirname, '../../../packages')

interface BoardFigures {
  readonly createPerSecond: number
  readonly loneShare: number
  readonly pairsPerSecond: number
  readonly racedPerSecond: number
  readonly doubled: number
  readonly stranded: number
  readonly completeP99Ms: number
  readonly parentMs: number
  readonly pageP99Ms: number
  readonly pageBytes: number
}

interface DispatchFigures {
  readonly spawnP50Ms: number
  readonly spawnP99Ms: number
  readonly tickP50Ms: number
  readonly tickP99Ms: number
  readonly opened: number
}

function rateRow(work: string, perSecond: number, atLeast: number): Row {
  return {
    work,
    measured: `${Math.round(perSecond).toLocaleString('en')}/s`,
    goal: `≥ ${atLeast.toLocaleString('en')}/s`,
    isMet: perSecond >= atLeast,
    figures: { perSecond },
  }
}

/** A board of ten thousand tasks through its stores, on a disk. */
export const boards: Bench = {
  name: 'boards',
  async run({ folder, isQuick }) {
    const measured = await measuredBy<BoardFigures>([join(PACKAGES, 'db/bench/boards.ts'), folder, isQuick ? '1' : '10'])
    return [
      rateRow('create a task, 64 concurrent callers', measured.createPerSecond, 5_000),
      ratioRow('create a task, one by one', measured.loneShare, { of: 'the same statements, bare at FULL', atLeast: 0.6, figures: {} }),
      rateRow('claim and complete, 64 in flight in one process', measured.pairsPerSecond, 3_000),
      rateRow('claim and complete, four processes', measured.racedPerSecond, 1_000),
      boundRow('tasks done twice or left behind by the four', measured.doubled + measured.stranded, { atMost: 0, unit: 'tasks' }),
      boundRow('complete a task with 10,000 that wait behind it, p99', measured.completeP99Ms, { atMost: 2, unit: 'ms' }),
      boundRow('complete the parent of 10,000', measured.parentMs, { atMost: 60, unit: 'ms' }),
      boundRow('first page of a board of 10,000, p99', measured.pageP99Ms, { atMost: 15, unit: 'ms' }),
      boundRow('the same, compressed', measured.pageBytes / 1_024, { atMost: 60, unit: 'KB' }),
    ]
  },
}

/** An idle dispatcher over ten boards. */
export const dispatch: Bench = {
  name: 'dispatch',
  async run({ folder, isQuick }) {
    const { spawnP50Ms, spawnP99Ms, tickP50Ms, tickP99Ms, opened } = await measuredBy<DispatchFigures>([
      join(PACKAGES, 'kanban/bench/dispatch.ts'),
      folder,
      ...(isQuick ? ['1', '200'] : ['10', '10000']),
    ])
    return [
      boundRow('from ready to claimed and spawned, p99', spawnP99Ms, { atMost: 50, unit: 'ms', figures: { spawnP50Ms } }),
      boundRow('a tick with 10,000 running over 10 boards, p50', tickP50Ms, { atMost: 5, unit: 'ms', figures: { tickP99Ms } }),
      boundRow('what 10,000 ticks have left open', opened, { atMost: 0, unit: 'kinds of descriptors' }),
    ]
  },
}
