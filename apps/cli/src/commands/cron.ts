import { systemClock as clock } from '@talaria/core'
import type { Command } from 'commander'
import { z } from 'zod'
import { age } from '../age.ts'
import { readConfig } from '../config.ts'
import { findJob, listJobs } from '../cron/find-job.ts'
import { Job, JobRun } from '../cron/job-answers.ts'
import { addJobOptions, jobBody, type JobOptions } from '../cron/job-options.ts'
import { gatewayClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

const OneJob = z.object({ job: Job })
const Fired = z.object({ job: Job, run: JobRun })
const Runs = z.object({ runs: z.array(JobRun) })
const Preview = z.object({
  timezone: z.string(),
  schedules: z.array(z.object({ display: z.string(), description: z.string() })),
  next: z.array(z.object({ at: z.string(), local: z.string() })),
})

type Json = { readonly json?: boolean }

/** `talaria cron`: work that is done at set times. */
export function addCron(program: Command): void {
  const cron = program.command('cron').description('Make, look at, run and stop jobs that are done at set times. Asks the running gateway.')
  addList(cron)
  addShow(cron)
  addAdd(cron)
  addEdit(cron)
  addAct(cron, 'pause', 'Have a job fire no more until it is resumed.', ({ name }) => `Job '${name}' is paused.`)
  addAct(cron, 'resume', 'Have a job fire again.', ({ name, next_run_at: next }) => `Job '${name}' ${next ? `runs next at ${next}` : 'has no time left'}.`)
  addRun(cron)
  addRuns(cron)
  addNext(cron)
  addRemove(cron)
}

const connect = async () => gatewayClient(await readConfig())

function addList(cron: Command): void {
  cron
    .command('list')
    .description('List the jobs, with their next and their last run.')
    .option('--json', 'print JSON')
    .action(async ({ json }: Json) => {
      const jobs = await listJobs(await connect())
      if (json) return printJson(jobs)
      const rows = jobs.map((job) => [job.id, job.name, job.schedule_display, job.state, job.next_run_at ?? '', lastOf(job)])
      console.log(table(['ID', 'NAME', 'SCHEDULE', 'STATE', 'NEXT', 'LAST'], rows))
    })
}

function addShow(cron: Command): void {
  cron
    .command('show')
    .description('Show everything about a job.')
    .argument('<job>', 'its name or id')
    .option('--json', 'print JSON')
    .action(async (nameOrId: string, { json }: Json) => {
      const job = await findJob(await connect(), nameOrId)
      if (json) return printJson(job)
      const { times, completed } = job.repeat
      const rows = [
        ['id', job.id],
        ['name', job.name],
        ...job.schedules.map(({ display, description }) => ['schedule', `${display} (${description})`]),
        ['time zone', job.timezone],
        ['state', job.paused_reason ? `${job.state}: ${job.paused_reason}` : job.state],
        ['next', job.next_run_at ?? 'never'],
        ['last', [lastOf(job), job.last_error].filter(Boolean).join(': ')],
        ['fired', times === null ? String(completed) : `${completed} of ${times}`],
        ['delivers to', job.deliver],
        ['prompt', job.prompt],
      ]
      console.log(table(['FIELD', 'VALUE'], rows))
    })
}

function addAdd(cron: Command): void {
  const command = cron
    .command('add')
    .description('Make a job.')
    .argument('<name>', 'what to call it')
    .argument('<prompt>', 'what the agent is asked each time')
    .requiredOption('--schedule <schedule...>', 'when: five or six cron fields, @daily, every 10m, in 30m, or an ISO instant; or several')
  addJobOptions(command)
    .option('--json', 'print JSON')
    .action(async (name: string, prompt: string, { json, ...options }: JobOptions & Json) => {
      const { job } = await (await connect()).ask('POST', '/api/jobs', OneJob, jobBody({ ...options, name, prompt }))
      if (json) return printJson(job)
      console.log(`Job '${job.name}' (${job.id}) runs next at ${job.next_run_at}.`)
    })
}

function addEdit(cron: Command): void {
  const command = cron
    .command('edit')
    .description('Change a job; what is not named stays as it is.')
    .argument('<job>', 'its name or id')
    .option('--name <name>', 'what to call it')
    .option('--prompt <text>', 'what the agent is asked each time')
    .option('--schedule <schedule...>', 'when, instead of all its schedules')
  addJobOptions(command)
    .option('--json', 'print JSON')
    .action(async (nameOrId: string, { json, ...options }: JobOptions & Json) => {
      const client = await connect()
      const { id } = await findJob(client, nameOrId)
      const { job } = await client.ask('PATCH', `/api/jobs/${id}`, OneJob, jobBody(options))
      if (json) return printJson(job)
      console.log(`Job '${job.name}' is changed${job.next_run_at ? `; it runs next at ${job.next_run_at}` : ''}.`)
    })
}

function addAct(cron: Command, act: 'pause' | 'resume', description: string, done: (job: Job) => string): void {
  cron
    .command(act)
    .description(description)
    .argument('<job>', 'its name or id')
    .action(async (nameOrId: string) => {
      const client = await connect()
      const { id } = await findJob(client, nameOrId)
      console.log(done((await client.ask('POST', `/api/jobs/${id}/${act}`, OneJob)).job))
    })
}

function addRun(cron: Command): void {
  cron
    .command('run')
    .description('Run a job now, whatever its schedule says.')
    .argument('<job>', 'its name or id')
    .option('--json', 'print JSON')
    .action(async (nameOrId: string, { json }: Json) => {
      const client = await connect()
      const { id, name } = await findJob(client, nameOrId)
      const { run } = await client.ask('POST', `/api/jobs/${id}/run`, Fired)
      if (json) return printJson(run)
      console.log(`Job '${name}' is run now: ${run.id}. See talaria cron runs ${id}.`)
    })
}

function addRuns(cron: Command): void {
  cron
    .command('runs')
    .description('List the runs of a job, newest first.')
    .argument('<job>', 'its name or id')
    .option('--limit <count>', 'how many at most', '20')
    .option('--json', 'print JSON')
    .action(async (nameOrId: string, { limit, json }: Json & { readonly limit: string }) => {
      const client = await connect()
      const { id } = await findJob(client, nameOrId)
      const { runs } = await client.ask('GET', `/api/jobs/${id}/runs?limit=${encodeURIComponent(limit)}`, Runs)
      if (json) return printJson(runs)
      console.log(table(['RUN', 'FOR', 'CAUSE', 'STATE', 'TOOK', 'TOKENS', 'SAID'], runs.map(runRow)))
    })
}

function addNext(cron: Command): void {
  cron
    .command('next')
    .description('Show what a schedule means, and its next times. Makes nothing.')
    .argument('<schedule>', 'five or six cron fields, @daily, every 10m, in 30m, or an ISO instant')
    .option('--zone <zone>', 'time zone it is read in')
    .option('--count <count>', 'how many times', '5')
    .option('--json', 'print JSON')
    .action(async (schedule: string, { zone, count, json }: Json & { readonly zone?: string; readonly count: string }) => {
      const preview = await (await connect()).ask('POST', '/api/jobs/preview', Preview, { schedule, timezone: zone, count: Number(count) })
      if (json) return printJson(preview)
      console.log(`${preview.schedules.map(({ description }) => description).join('; ')} (${preview.timezone})`)
      for (const { at, local } of preview.next) console.log(`${at}  ${local}`)
    })
}

function addRemove(cron: Command): void {
  cron
    .command('remove')
    .description('Delete a job with its history.')
    .argument('<job>', 'its name or id')
    .action(async (nameOrId: string) => {
      const client = await connect()
      const { id, name } = await findJob(client, nameOrId)
      await client.request('DELETE', `/api/jobs/${id}`)
      console.log(`Job '${name}' is deleted.`)
    })
}

function lastOf({ last_run_at: at, last_state: state, failure_streak: streak }: Job): string {
  if (at === null) return 'never'
  return `${state} ${age(Date.parse(at), clock.now())} ago${streak > 1 ? `, ${streak} in a row` : ''}`
}

function runRow(run: JobRun): readonly string[] {
  const said = (run.error?.message ?? run.output_preview ?? '').replaceAll(/\s+/g, ' ').slice(0, 60)
  return [
    run.id,
    run.scheduled_for,
    run.cause,
    run.state,
    run.duration_seconds === null ? '' : `${run.duration_seconds} s`,
    run.usage ? String(run.usage.total_tokens) : '',
    said,
  ]
}
