import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock as clock } from '@talaria/core'
import { runLoad } from './soak/load.ts'
import { soakReport } from './soak/report.ts'
import { takeSamples } from './soak/samples.ts'
import { judge } from './soak/verdict.ts'
import { startGateway } from './testing/gateway.ts'
import { quietOpenOf } from './testing/open-of.ts'

// `pnpm soak`: a gateway under mixed load for as long as one likes, and whether it wears out.

const USAGE = `Runs a gateway of its own under mixed load, and looks whether anything grows.

  pnpm soak [--seconds 600] [--rate 50] [--clients 16] [--report]

  --seconds  how long the load lasts; memory is judged from 6 minutes on
  --rate     requests a second, of every kind that clients make
  --clients  how many are under way at most
  --report   write docs/reports/<date>-soak.md
`

/** Between two looks; enough of them in a short run, not too many in a long one. */
const SAMPLES = 120
const SHORTEST_INTERVAL_MS = 500

/** So that what is kept shows soon, instead of after the minutes for which a heap that may grow is not cleaned. */
const SMALL_HEAP = '--max-old-space-size=96 --max-semi-space-size=4'

const root = dirname(dirname(import.meta.dirname))

interface SoakOptions {
  readonly seconds: number
  readonly rate: number
  readonly clients: number
  readonly report: boolean
  readonly help: boolean
}

const OPTIONS = {
  seconds: { type: 'string', default: '600' },
  rate: { type: 'string', default: '50' },
  clients: { type: 'string', default: '16' },
  report: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const asked = optionsOf(process.argv.slice(2))
if (typeof asked === 'string') {
  console.error(`${asked}\n\n${USAGE}`)
  process.exitCode = 2
} else if (asked.help) console.log(USAGE)
else await soak(asked)

/** What was asked for, or what is wrong with it. */
function optionsOf(args: string[]): SoakOptions | string {
  try {
    const { values } = parseArgs({ args, options: OPTIONS })
    const options = { ...values, seconds: Number(values.seconds), rate: Number(values.rate), clients: Number(values.clients) }
    return options.seconds > 0 && options.rate > 0 && options.clients > 0 ? options : '--seconds, --rate and --clients are numbers above 0.'
  } catch (error) {
    return (error as Error).message
  }
}

async function soak({ seconds, rate, clients, report: isReportWanted }: SoakOptions): Promise<void> {
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
  if (isReportWanted) {
    const file = join(root, 'docs', 'reports', `${new Date().toISOString().slice(0, 10)}-soak.md`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, report)
    console.log(`The report is in ${relative(root, file)}: commit it.`)
  }
  for (const { what, holds, detail } of verdict) console.log(`${holds === false ? '✗' : holds ? '✓' : '-'} ${what}: ${detail}`)
  process.exitCode = verdict.some(({ holds }) => holds === false) ? 1 : 0
}
