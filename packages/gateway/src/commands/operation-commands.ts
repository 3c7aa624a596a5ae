import { codeOf, messageOf } from '@talaria/core'
import { sentenceOf } from '../reload.ts'
import { choice, optional, rest, word } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import type { CommandCron } from './command-services.ts'
import { defineCommand, type Command, type Invocation } from './command.ts'

/** What concerns the gateway as a whole. */
export const operationCommands: readonly Command[] = [
  defineCommand({
    name: 'platform',
    category: 'operation',
    tier: 'admin',
    help: 'List the platforms, or pause, resume or reconnect one.',
    arguments: { action: optional(choice('list', 'pause', 'resume', 'reconnect')), name: optional(word()) },
    whileBusy: true,
    run: platform,
  }),
  defineCommand({
    name: 'cron',
    category: 'operation',
    tier: 'admin',
    help: 'List the jobs, make one whose output comes here (add "0 8 * * MON-FRI" What is new?), or run, pause or resume one.',
    arguments: { action: optional(choice('list', 'add', 'run', 'pause', 'resume')), job: optional(rest()) },
    whileBusy: true,
    run: cron,
  }),
  defineCommand({
    name: 'pause',
    category: 'operation',
    tier: 'admin',
    help: 'Begin nothing new on any platform until it is switched off again. What is being answered goes on.',
    arguments: { state: optional(choice('on', 'off')) },
    whileBusy: true,
    async run({ args, services, prefix }) {
      const isOn = args.state !== 'off'
      await services.workPause.set(isOn)
      return { text: isOn ? `Nothing new begins until ${prefix}pause off. Messages are kept until then.` : 'Work goes on.' }
    },
  }),
  defineCommand({
    name: 'reload',
    category: 'operation',
    tier: 'admin',
    help: 'Read config.yaml and .env again, and put in force what can be without a restart.',
    whileBusy: true,
    async run({ services }) {
      if (!services.reload) return { text: 'The settings of this gateway do not come from files.' }
      try {
        return { text: sentenceOf(await services.reload()) }
      } catch (error) {
        if (codeOf(error) !== 'INVALID_CONFIG') throw error
        return { text: `Nothing has changed. ${messageOf(error)}` }
      }
    },
  }),
  defineCommand({
    name: 'restart',
    category: 'operation',
    tier: 'admin',
    help: 'Let what is being answered end, then start the gateway anew.',
    whileBusy: true,
    async run({ services }) {
      if (!services.restart) return { text: 'This gateway would not be started again, so it cannot be restarted from here.' }
      services.restart()
      return { text: 'The gateway ends when the answers that are being written have, for its service manager to start it again.' }
    },
  }),
]

async function platform({
  args,
  services,
  prefix,
}: Invocation<{ readonly action: 'list' | 'pause' | 'resume' | 'reconnect' | undefined; readonly name: string | undefined }>): Promise<CommandReply> {
  const { platforms } = services
  const { action = 'list', name } = args
  if (action === 'list') {
    const lines = platforms.statuses.map((one) => `- ${one.name}: ${one.state.replaceAll('_', ' ')}${one.reason ? `, ${one.reason}` : ''}`)
    return { text: lines.join('\n') }
  }
  if (name === undefined) return { text: `Which one? For example: ${prefix}platform ${action} telegram` }
  const found = platforms.get(name.toLowerCase())
  if (!found) return { text: `There is no platform '${name}' to ${action}. ${prefix}platform lists them.` }
  if (!(await found[action]())) return { text: `${name} is ${found.status.state.replaceAll('_', ' ')}, so it cannot be told to ${action}.` }
  return { text: { pause: `${name} is paused.`, resume: `${name} is resumed.`, reconnect: `${name} connects anew.` }[action] }
}

async function cron({
  args,
  services,
  prefix,
  place,
}: Invocation<{ readonly action: 'list' | 'add' | 'run' | 'pause' | 'resume' | undefined; readonly job: string | undefined }>): Promise<CommandReply> {
  const { action = 'list', job } = args
  if (!services.cron) return { text: 'Nothing runs on a schedule here.' }
  if (action === 'list') {
    const jobs = await services.cron.list()
    if (jobs.length === 0) return { text: 'There are no jobs.' }
    const next = (at: number | undefined) => (at === undefined ? 'no next time' : `next ${new Date(at).toISOString()}`)
    return { text: jobs.map(({ id, name, schedule, isPaused, nextAt }) => `- ${name} (${id}): ${schedule}, ${isPaused ? 'paused' : next(nextAt)}`).join('\n') }
  }
  if (action === 'add') return addJob(job, services.cron, { prefix, place })
  if (job === undefined) return { text: `Which one? ${prefix}cron lists them.` }
  if (!(await services.cron[action](job))) return { text: `There is no job '${job}'. ${prefix}cron lists them.` }
  return { text: { run: `${job} runs.`, pause: `${job} is paused.`, resume: `${job} is resumed.` }[action] }
}

/** A schedule, in quotes where it has blanks, and after it what the agent is asked. */
const ADDITION = /^(?:["'“”](?<quoted>[^"'“”]+)["'“”]|(?<bare>\S+))\s+(?<prompt>[\s\S]+)$/u

async function addJob(text: string | undefined, cron: CommandCron, { prefix, place }: Pick<Invocation<unknown>, 'prefix' | 'place'>): Promise<CommandReply> {
  const { quoted, bare, prompt } = ADDITION.exec(text ?? '')?.groups ?? {}
  if (prompt === undefined) return { text: `When, and what? For example: ${prefix}cron add "0 8 * * MON-FRI" What is new?` }
  const added = await cron.add({ schedule: quoted ?? bare!, prompt, owner: place.owner, ...(place.chat && { origin: place.chat.address }) })
  if (typeof added === 'string') return { text: added }
  return {
    text: `Job '${added.name}' (${added.id}) ${added.nextAt === undefined ? 'has no next time' : `runs next at ${new Date(added.nextAt).toISOString()}`}.`,
  }
}
