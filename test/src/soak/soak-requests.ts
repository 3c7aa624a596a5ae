import { systemClock as clock } from '@talaria/core'
import { startGateway } from '../testing/gateway.ts'
import { quietOpenOf } from '../testing/open-of.ts'
import { runLoad } from './load.ts'
import { soakReport } from './report.ts'
import { takeSamples } from './samples.ts'
import { sayFindings } from './say-findings.ts'
import type { RequestSoakOptions } from './soak-options.ts'
import { judge } from './verdict.ts'
import { writeReport } from './write-report.ts'

/** Between two looks; enough of them in a short run, not too many in a long one. */
const SAMPLES = 120
const SHORTEST_INTERVAL_MS = 500

/** So that what is kept shows soon, instead of after the minutes for which a heap that may grow is not cleaned. */
const SMALL_HEAP = '--max-old-space-size=96 --max-semi-space-size=4'

/** A gateway under HTTP requests of every kind; prints what was found, and resolves with whether all holds. */
export async function soakRequests({ seconds, rate, clients, report: isReportWanted }: RequestSoakOptions): Promise<boolean> {
  await using gateway = await startGateway({ env: { NODE_OPTIONS: SMALL_HEAP } })
  console.log(`A gateway of its own (process ${gateway.process.pid}) under ${rate} requests a second for ${seconds} s.`)
  await runLoad(gateway, { clock, seconds: Math.min(5, seconds), rate, clients })
  const before = await quietOpenOf(gateway)
  const everyMs = Math.max(SHORTEST_INTERVAL_MS, (seconds * 1_000) / SAMPLES)
  const ended = new AbortController()
  const sampling = takeSamples(gateway, {
    clock,
    everyMs,
    signal: ended.signal,
    onSample: (line) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${line}`),
  })
  const load = await runLoad(gateway, { clock, seconds, rate, clients }).finally(() => ended.abort())
  const samples = await sampling
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  const after = await quietOpenOf(gateway)
  const verdict = judge({ before, after, samples, load })
  const report = soakReport({ date: new Date().toISOString().slice(0, 10), seconds, rate, clients, before, after, samples, load, verdict })
  console.log(report)
  if (isReportWanted) writeReport('soak', report)
  return sayFindings(verdict)
}
