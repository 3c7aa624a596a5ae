import { join } from 'node:path'
import { boundRow, type Bench } from '../bench.ts'
import { measuredBy } from '../child.ts'

const PROGRAM = join(import.meta.dirname, '../../../packages/db/bench')

interface Writes {
  readonly bareMs: number
  readonly loneMs: number
  readonly stockPerSecond: number
  readonly groupedPerSecond: number
  readonly borrowUs: number
}

export const databaseWrites: Bench = {
  name: 'database-writes',
  async run({ folder, isQuick }) {
    const { bareMs, loneMs, stockPerSecond, groupedPerSecond, borrowUs } = await measuredBy<Writes>([join(PROGRAM, 'writes.ts'), folder, isQuick ? '1' : '5'])
    const times = groupedPerSecond / stockPerSecond
    return [
      {
        work: '64 concurrent one-row writes through a store',
        measured: `${times.toFixed(1)} × stock Kysely one by one`,
        goal: '≥ 10 ×',
        isMet: times >= 10,
        figures: { groupedPerSecond, stockPerSecond },
      },
      boundRow('a lone write, p50', loneMs / bareMs, { atMost: 1.5, unit: '× a bare FULL commit', figures: { loneMs, bareMs } }),
      boundRow('an empty borrow', borrowUs, { atMost: 20, unit: 'µs' }),
    ]
  },
}

interface Reads {
  readonly sessionsP99Ms: number
  readonly searches: readonly { readonly hits: number; readonly p99Ms: number; readonly ownP99Ms: number; readonly rankedP99Ms: number }[]
}

export const databaseReads: Bench = {
  name: 'database-reads',
  async run({ folder, isQuick }) {
    const { sessionsP99Ms, searches } = await measuredBy<Reads>([join(PROGRAM, 'reads.ts'), folder, ...(isQuick ? ['1000', '10000'] : ['100000', '1000000'])])
    return [
      boundRow('list 50 of 100,000 sessions, p99', sessionsP99Ms, { atMost: 3, unit: 'ms' }),
      ...searches.map(({ hits, p99Ms, ownP99Ms, rankedP99Ms }) =>
        boundRow(`newest 50 of ${hits} hits in 1,000,000 messages, p99`, p99Ms, { atMost: 30, unit: 'ms', figures: { ownP99Ms, rankedP99Ms } }),
      ),
    ]
  },
}
