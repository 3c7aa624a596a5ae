import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench, Row } from './bench.ts'
import { chat, chatStream } from './benches/chat.ts'
import { chats } from './benches/chats.ts'
import { databaseReads, databaseWrites } from './benches/database.ts'
import { health } from './benches/health.ts'
import { boards, dispatch } from './benches/kanban.ts'
import { memory } from './benches/memory.ts'
import { pacedStreams } from './benches/paced-streams.ts'
import { responses } from './benches/responses.ts'
import { startUp } from './benches/start-up.ts'
import { startChild } from './child.ts'
import { buildGateway, startGatewayProcess } from './gateway-process.ts'

const BENCHES: readonly Bench[] = [health, chat, chatStream, responses, chats, pacedStreams, startUp, databaseWrites, databaseReads, boards, dispatch, memory]

const HELP = `pnpm bench [name …] [--seconds 5] [--quick] [--json FILE]

Measures a gateway against bare servers on this machine, in one run, and prints a table.
Names: ${BENCHES.map((bench) => bench.name).join(', ')}; all of them unless given.

  --seconds N   load for each measurement (5)
  --quick       fewer rows and turns: to see that it works, not how fast it is
  --json FILE   write the figures there
`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seconds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false }, json: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) return console.log(HELP)
  const unknown = positionals.find((name) => !BENCHES.some((bench) => bench.name === name))
  if (unknown !== undefined) throw new Error(`There is no bench '${unknown}'.\n\n${HELP}`)
  const chosen = positionals.length > 0 ? BENCHES.filter((bench) => positionals.includes(bench.name)) : BENCHES
  const rows: Row[] = []
  await buildGateway()
  for (const bench of chosen) {
    process.stderr.write(`${bench.name} …\n`)
    for (const row of await measure(bench, { seconds: values.quick ? 1 : Number(values.seconds), isQuick: values.quick })) {
      rows.push(row)
      console.log(`${row.isMet ? '✓' : '✗'} ${row.work.padEnd(62)} ${row.measured.padEnd(48)} ${row.goal}`)
    }
  }
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ measuredAt: new Date().toISOString(), machine: machine(), rows }, null, 2)}\n`)
  if (!values.quick && rows.some((row) => !row.isMet)) process.exitCode = 1
}

async function measure(bench: Bench, { seconds, isQuick }: { readonly seconds: number; readonly isQuick: boolean }): Promise<readonly Row[]> {
  const base = join(import.meta.dirname, '../.data')
  await mkdir(base, { recursive: true })
  const folder = await mkdtemp(join(base, `${bench.name}-`))
  await using servers = new AsyncDisposableStack()
  servers.defer(() => rm(folder, { recursive: true, force: true }))
  return await bench.run({
    seconds,
    isQuick,
    folder,
    startGateway: (options) => startGatewayProcess(folder, options),
    async startServer(name) {
      const server = servers.use(startChild([join(import.meta.dirname, 'servers', `${name}.ts`)]))
      return await server.line((line) => /listening on (\S+)/.exec(line)?.[1])
    },
  })
}

function machine() {
  return {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  }
}

await main().catch((error: Error) => {
  console.error(error.message)
  process.exitCode = 1
})
