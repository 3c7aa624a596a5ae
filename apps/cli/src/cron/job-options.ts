import { parseDuration } from '@talaria/core/config'
import { InvalidArgumentError, Option, type Command } from 'commander'

/** What can be said of a job on the command line, as commander gives it. */
export interface JobOptions {
  readonly name?: string
  readonly prompt?: string
  readonly schedule?: readonly string[]
  readonly zone?: string
  readonly model?: string
  readonly instructions?: string
  readonly deliver?: readonly string[]
  readonly catchup?: string
  readonly lateness?: number | null
  readonly overlap?: string
  readonly jitter?: number
  readonly timeout?: number
  readonly retries?: number
  readonly backoff?: number
  readonly rerun?: boolean
  readonly repeat?: number | null
  readonly approvals?: string
}

/** Adds the options that jobs are made and changed with. */
export function addJobOptions(command: Command): Command {
  return command
    .option('--zone <zone>', 'time zone of the schedules, such as Europe/Berlin')
    .option('--model <model>', 'the model that answers')
    .option('--instructions <text>', 'what the agent is told before the prompt')
    .option('--deliver <target...>', 'where the output goes: session, none, origin, home, telegram, telegram:123')
    .addOption(new Option('--catchup <policy>', 'times that passed while no gateway ran').choices(['skip', 'one', 'all']))
    .addOption(new Option('--lateness <duration>', 'a missed time that is longer ago is not made up for; or any').argParser(orNull('any', seconds)))
    .addOption(new Option('--overlap <policy>', 'a time that comes while a run is not over').choices(['skip', 'queue', 'replace']))
    .addOption(new Option('--jitter <duration>', 'put each time off by up to this much').argParser(seconds))
    .addOption(new Option('--timeout <duration>', 'end a run that takes longer').argParser(seconds))
    .addOption(new Option('--retries <count>', 'try a run that failed again so often').argParser(count))
    .addOption(new Option('--backoff <duration>', 'before the first try again; twice as long before each after it').argParser(seconds))
    .option('--rerun', 'try a run again whose gateway died, although it may have done its work')
    .addOption(new Option('--approvals <policy>', 'tools that ask before they run, as nobody is there to answer').choices(['deny', 'approve']))
    .addOption(new Option('--repeat <count>', 'how often it fires before it is completed; or forever').argParser(orNull('forever', count)))
}

/** The same as the gateway takes it; what was not said is left out. */
export function jobBody(options: JobOptions): Record<string, unknown> {
  return {
    name: options.name,
    prompt: options.prompt,
    schedules: options.schedule,
    timezone: options.zone,
    model: options.model,
    instructions: options.instructions,
    deliver: options.deliver,
    catch_up: options.catchup,
    max_lateness_seconds: options.lateness,
    overlap: options.overlap,
    jitter_seconds: options.jitter,
    timeout_seconds: options.timeout,
    retries: options.retries,
    retry_backoff_seconds: options.backoff,
    retry_unknown: options.rerun,
    repeat: options.repeat,
    approvals: options.approvals,
  }
}

function seconds(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration with its unit, such as 30s, 10m or 2h.')
  return ms / 1000
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(text)
}

function orNull(word: string, parse: (text: string) => number): (text: string) => number | null {
  return (text) => (text === word ? null : parse(text))
}
