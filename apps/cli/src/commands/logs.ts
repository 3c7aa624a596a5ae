import { systemClock as clock, TalariaError } from '@talaria/core'
import { logFileOf } from '@talaria/gateway/settings'
import { Option, type Command } from 'commander'
import { readConfig } from '../config.ts'
import { countUpTo } from '../count-up-to.ts'
import { isOfLevel, LEVELS, parseLogLine, renderLogLine, type Level, type LogLine } from '../logs/log-line.ts'
import { LogReader } from '../logs/log-reader.ts'

/** How often who follows looks; soon enough for a person, and nothing for the machine. */
const LOOK_MS = 200

interface LogsOptions {
  readonly follow?: boolean
  readonly level?: Level
  readonly grep?: string
  readonly lines: number
  readonly json?: boolean
}

/** `talaria logs`: what the gateway has said, out of its log file. */
export function addLogs(program: Command): void {
  program
    .command('logs')
    .description('Show the log of the gateway, running or not. Reads its log file, and those that were put aside.')
    .option('-f, --follow', 'go on as lines are written, until it is interrupted')
    .addOption(new Option('--level <level>', 'only this level and graver ones').choices(LEVELS))
    .option('--grep <text>', 'only lines with this text in them, in any case')
    .option('-n, --lines <count>', 'how many of the last lines', countUpTo(100_000), 50)
    .option('--json', 'print lines as they stand in the file, which is JSON')
    .action(async (options: LogsOptions) => {
      const { paths, settings } = await readConfig()
      const file = logFileOf(settings, paths.home)
      if (file === undefined)
        throw new TalariaError('NO_LOG_FILE', `No log file is kept. Set TALARIA_LOG_FILE=logs/gateway.log in ${paths.envFile} and restart the gateway.`)
      endQuietlyWithReader()
      await using reader = new LogReader(file)
      const last = await lastLines(reader, options)
      for (const line of last) print(line, options)
      while (options.follow) {
        await clock.delay(LOOK_MS)
        for await (const raw of reader.read()) {
          const line = parseLogLine(raw)
          if (isWanted(line, options)) print(line, options)
        }
      }
    })
}

async function lastLines(reader: LogReader, options: LogsOptions): Promise<readonly LogLine[]> {
  let last: LogLine[] = []
  for await (const raw of reader.read()) {
    const line = parseLogLine(raw)
    if (!isWanted(line, options)) continue
    last.push(line)
    // Cut now and then: a log of a hundred megabytes is not held in memory for its last fifty lines.
    if (last.length >= 2 * options.lines) last = last.slice(-options.lines)
  }
  return last.slice(-options.lines)
}

function isWanted(line: LogLine, { level, grep }: LogsOptions): boolean {
  if (!isOfLevel(line, level)) return false
  return grep === undefined || [line.raw, renderLogLine(line)].some((text) => text.toLowerCase().includes(grep.toLowerCase()))
}

function print(line: LogLine, { json }: LogsOptions): void {
  console.log(json ? line.raw : renderLogLine(line))
}

/** `talaria logs --follow | head` has seen enough when `head` has. */
function endQuietlyWithReader(): void {
  process.stdout.on('error', () => process.exit(0))
}
