import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { boundRow, type Bench, type BenchContext } from '../bench.ts'
import { startChild } from '../child.ts'
import { slopeOf } from '../slope.ts'

const PROGRAM = join(import.meta.dirname, '../../../packages/gateway/bench/telegram-load.ts')
const CHATS = 1_000
const GOAL_PER_SECOND = 1_000
const GOAL_P99_MS = 250
const SECONDS = 60
/** What is tried when the goal is too much, in messages a second. */
const LOWER_RATES = [750, 500, 400, 300, 250, 200, 150, 100, 50]
const SAMPLE_MS = 1_000

interface Answered {
  readonly said: number
  readonly unanswered: number
  readonly doubled: number
  readonly perSecond: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

interface Load extends Answered {
  readonly rate: number
  readonly delayP99Ms: number
  /** Resident memory, by seconds since measuring began. */
  readonly memory: readonly (readonly [seconds: number, mb: number])[]
}

export const chats: Bench = {
  name: 'chats',
  async run(context) {
    const seconds = context.isQuick ? 2 : SECONDS
    let load = await measure(context, { rate: GOAL_PER_SECOND, seconds: context.seconds })
    for (const rate of LOWER_RATES) {
      if (isBorne(load)) break
      process.stderr.write(`  ${load.rate}/s: ${load.perSecond.toFixed(0)}/s answered, p99 ${load.p99Ms?.toFixed(0)} ms\n`)
      load = await measure(context, { rate, seconds: context.seconds })
    }
    load = await measure(context, { rate: load.rate, seconds })
    const { rate, said, unanswered, doubled, p50Ms, p99Ms, delayP99Ms, memory } = load
    // The first third fills caches, as in the bench of memory.
    const { slope, low, high } = slopeOf(memory.slice(Math.floor(memory.length / 3)))
    return [
      {
        work: `messages in ${CHATS} Telegram chats, answered with p99 ≤ ${GOAL_P99_MS} ms`,
        measured: `${rate} a second`,
        goal: `≥ ${GOAL_PER_SECOND} a second`,
        isMet: rate >= GOAL_PER_SECOND && isBorne(load),
        figures: { rate, perSecond: load.perSecond },
      },
      {
        work: `answered exactly once, of ${said} in ${seconds} s`,
        measured: `${said - unanswered}, ${doubled} twice`,
        goal: 'all',
        isMet: unanswered === 0 && doubled === 0,
        figures: { said, unanswered, doubled },
      },
      boundRow('from writing a message to its acknowledged answer, p99', p99Ms ?? Number.NaN, {
        atMost: GOAL_P99_MS,
        unit: 'ms',
        figures: { p50Ms: p50Ms ?? Number.NaN },
      }),
      boundRow('event-loop delay meanwhile, p99', delayP99Ms, { atMost: 50, unit: 'ms' }),
      {
        work: `resident memory, ${memory[0]?.[1].toFixed(0)} MB at the beginning, ${memory.at(-1)?.[1].toFixed(0)} MB at the end`,
        measured: `${(slope * 60).toFixed(1)} MB a minute (${(low * 60).toFixed(1)} to ${(high * 60).toFixed(1)})`,
        goal: '0 within the bounds',
        isMet: low <= 0,
        figures: { slopePerMinute: slope * 60, startMb: memory[0]?.[1] ?? Number.NaN, endMb: memory.at(-1)?.[1] ?? Number.NaN },
      },
    ]
  },
}

function isBorne({ unanswered, p99Ms }: Load): boolean {
  return unanswered === 0 && p99Ms !== null && p99Ms <= GOAL_P99_MS
}

async function measure({ startGateway }: BenchContext, { rate, seconds }: { readonly rate: number; readonly seconds: number }): Promise<Load> {
  await using telegram = startChild([PROGRAM, String(rate), String(CHATS), String(seconds)])
  const env = await telegram.line((line) => (line.startsWith('env ') ? (JSON.parse(line.slice(4)) as NodeJS.ProcessEnv) : undefined))
  const begins = telegram.line((line) => line === 'measuring' || undefined)
  const ends = telegram.line((line) => (line.startsWith('{') ? (JSON.parse(line) as Answered) : undefined))
  await using gateway = await startGateway({ env })
  await begins
  const begun = performance.now()
  const memory: [number, number][] = []
  const delays: number[] = []
  let answered: Answered | undefined
  void ends.then((result) => (answered = result))
  while (!answered) {
    memory.push([(performance.now() - begun) / 1_000, rssMbOf(gateway.pid)])
    delays.push(((await gateway.metrics()).get('talaria_event_loop_delay_seconds{quantile="0.99"}') ?? Number.NaN) * 1_000)
    await Promise.race([ends, new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))])
  }
  return { ...answered, rate, delayP99Ms: Math.max(...delays), memory }
}

function rssMbOf(pid: number): number {
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}
