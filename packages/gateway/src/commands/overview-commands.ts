import { describeResetPolicy, resetPolicyOf } from '../chats/reset-policy.ts'
import { count, optional } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import { defineCommand, inSession, type Command, type Invocation } from './command.ts'
import { routeChoicesOf } from './route-choices.ts'
import { runningTurns } from './running-turns.ts'
import { timeAgo } from './time-ago.ts'
import { usageOverTime } from './usage-over-time.ts'

const DAYS = 30

/** What there is to know, and changes nothing. */
export const overviewCommands: readonly Command[] = [
  defineCommand({
    name: 'status',
    category: 'overview',
    help: 'Show how things stand in this conversation.',
    whileBusy: true,
    run: status,
  }),
  defineCommand({
    name: 'usage',
    category: 'overview',
    help: 'Show what this conversation has taken so far.',
    whileBusy: true,
    run: inSession(async ({ session: { usage, messageCount, toolCallCount } }) => ({
      text: [
        `Tokens: ${usage.inputTokens} in (${usage.cachedInputTokens} cached), ${usage.outputTokens} out (${usage.reasoningTokens} thinking).`,
        `Messages: ${messageCount}. Tool calls: ${toolCallCount}.`,
      ].join('\n'),
    })),
  }),
  defineCommand({
    name: 'insights',
    category: 'overview',
    help: 'Show what your conversations have taken of late: in 30 days, or as many as you say.',
    arguments: { days: optional(count(365)) },
    whileBusy: true,
    async run({ args, place, services }) {
      const days = args.days ?? DAYS
      const total = await usageOverTime(services.stores.sessions, place.viewer, services.clock.now() - days * 86_400_000)
      const models = [...total.models].toSorted(([, one], [, other]) => other - one).map(([model, sessions]) => `${model} ${sessions}`)
      return {
        text: [
          `In conversations of the last ${days} days: ${total.sessions} conversations, ${total.messages} messages, ${total.toolCalls} tool calls.`,
          `Tokens: ${total.inputTokens} in, ${total.outputTokens} out.`,
          ...(models.length > 0 ? [`Conversations by model: ${models.join(', ')}.`] : []),
        ].join('\n'),
      }
    },
  }),
  defineCommand({
    name: 'version',
    category: 'overview',
    help: 'Show which version of the gateway this is.',
    whileBusy: true,
    run: async ({ services }) => ({ text: `Talaria ${services.version}` }),
  }),
  defineCommand({
    name: 'debug',
    category: 'overview',
    tier: 'admin',
    help: 'Show what to say when something is wrong: versions, load, platforms.',
    whileBusy: true,
    run: debug,
  }),
]

async function status(invocation: Invocation<unknown>): Promise<CommandReply> {
  const { place, services } = invocation
  const session = await place.session()
  const running = session ? await runningTurns(services, session.id) : []
  const isPaused = await services.workPause.isOn()
  const now = services.clock.now()
  return {
    text: [
      session ? `Conversation: ${session.title ?? 'untitled'}, ${session.id}, begun ${timeAgo(session.createdAt, now)}.` : 'Nothing has been said here yet.',
      ...(session ? [`Messages: ${session.messageCount}. Tokens: ${session.usage.inputTokens} in, ${session.usage.outputTokens} out.`] : []),
      running.length > 0 ? `Answering since ${timeAgo(running[0]!.turn.createdAt, now)}.` : 'Nothing is being answered.',
      ...(await choices(invocation, session?.model ?? null)),
      ...(isPaused ? ['All new work is paused.'] : []),
    ].join('\n'),
  }
}

async function choices({ place, services }: Invocation<unknown>, sessionModel: string | null): Promise<readonly string[]> {
  if (!place.chat) return [`Model: ${sessionModel ?? 'the default'}.`]
  const { address, sessionKey } = place.chat
  const { chats, routes, inbound } = services.stores
  const [chat, route, waiting] = await Promise.all([chats.get(address), routes.find(sessionKey), inbound.count(sessionKey)])
  const { yolo, footer, reasoningEffort } = route ? routeChoicesOf(route) : {}
  return [
    `Waiting: ${waiting}. Model: ${chat?.settings.model ?? 'the default'}.`,
    ...(yolo ? ['Tools run without asking (yolo).'] : []),
    ...(chat?.settings.personality ? [`Personality: ${chat.settings.personality}.`] : []),
    ...(chat?.settings.busyMode ? [`A message meanwhile: ${chat.settings.busyMode}.`] : []),
    ...(chat?.settings.reset ? [describeResetPolicy(resetPolicyOf(chat.settings.reset))] : []),
    ...(reasoningEffort ? [`Reasoning: ${reasoningEffort}.`] : []),
    ...(footer ? ['The footer is on.'] : []),
    ...(chat?.isHome ? ['This chat is home.'] : []),
    ...(route?.suspendedAt != null ? ['Suspended, because its last answers were cut short again and again.'] : []),
  ]
}

async function debug({ services }: Invocation<unknown>): Promise<CommandReply> {
  const { version, startedAt, turns, platforms, clock } = services
  const memory = Math.round(process.memoryUsage.rss() / 1024 / 1024)
  return {
    text: [
      `Talaria ${version}, Node ${process.version}, ${process.platform} ${process.arch}, process ${process.pid}, started ${timeAgo(startedAt, clock.now())}.`,
      `Memory: ${memory} MB. Runs under way: ${turns.active}.`,
      ...platforms.statuses.map(({ name, state, reason }) => `- ${name}: ${state}${reason ? `, ${reason}` : ''}`),
    ].join('\n'),
  }
}
