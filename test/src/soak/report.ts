import { cpus, totalmem } from 'node:os'
import type { OpenOf } from '../testing/open-of.ts'
import type { LoadOutcome, Timing } from './load.ts'
import { plot } from './plot.ts'
import type { Sample } from './samples.ts'
import type { Finding } from './verdict.ts'

export interface SoakRun {
  readonly date: string
  readonly seconds: number
  readonly rate: number
  readonly clients: number
  readonly before: OpenOf
  readonly after: OpenOf
  readonly samples: readonly Sample[]
  readonly load: LoadOutcome
  readonly verdict: readonly Finding[]
}

const SLICES = 60

/** What a soak saw, as Markdown: the findings, and each quantity over time. */
export function soakReport({ date, seconds, rate, clients, before, after, samples, load, verdict }: SoakRun): string {
  const slices = slicesOf(load.timings, seconds * 1_000)
  const of = (kind: keyof OpenOf) =>
    plot(
      samples.map(({ open }) => open[kind]),
      'open',
    )
  return `# Soak, ${date}

\`pnpm soak --seconds ${seconds} --rate ${rate} --clients ${clients}\` on ${machineLine()}:
${load.timings.length} requests of every kind answered, ${load.failed} failed.

${findingsTable(verdict)}

## Over time

Each line from its beginning to its end; bars from zero.

\`\`\`
databases        ${of('database')}
sockets          ${of('socket')}
pipes            ${of('pipe')}
files            ${of('file')}
other            ${of('other')}
memory           ${plot(
    samples.map(({ rssMb }) => rssMb),
    'MB',
  )}
loop delay p99   ${plot(
    samples.map(({ loopDelayP99Ms }) => loopDelayP99Ms),
    'ms',
  )}
latency p50      ${plot(
    slices.map((slice) => quantile(slice, 0.5)),
    'ms',
  )}
latency p99      ${plot(
    slices.map((slice) => quantile(slice, 0.99)),
    'ms',
  )}
\`\`\`

Open without clients: ${JSON.stringify(before)} before, ${JSON.stringify(after)} after.
${load.failures.length > 0 ? `\n## Failures\n\n${load.failures.map((failure) => `- ${failure}`).join('\n')}\n` : ''}`
}

/** The machine that this ran on. */
export function machineLine(): string {
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
}

/** Findings as a table of Markdown. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ what, holds, detail }) => [holds === undefined ? 'not judged' : holds ? 'yes' : '**no**', what, detail])
  return [['holds', 'finding', 'detail'], ['---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

function slicesOf(timings: readonly Timing[], lengthMs: number): readonly (readonly number[])[] {
  const slices = Array.from({ length: SLICES }, (): number[] => [])
  for (const { atMs, tookMs } of timings) slices[Math.min(SLICES - 1, Math.floor((atMs / lengthMs) * SLICES))]!.push(tookMs)
  return slices.filter((slice) => slice.length > 0)
}

function quantile(numbers: readonly number[], share: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? 0
}
