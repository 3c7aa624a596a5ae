import type { TurnEvent } from '@talaria/db'
import { choice, optional, rest } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import { defineCommand, type Command, type Invocation } from './command.ts'
import { excerptOf } from './excerpt.ts'
import { routeChoicesOf } from './route-choices.ts'
import { runningTurns } from './running-turns.ts'
import { storedEvents } from '../turns/stored-events.ts'

/** What people say to tools that ask before they run. */
export const approvalCommands: readonly Command[] = [
  defineCommand({
    name: 'approve',
    category: 'while it answers',
    help: 'Let the tool run that asks: this once, always in this conversation (session), or all that ask now.',
    arguments: { scope: optional(choice('once', 'session', 'all')) },
    whileBusy: true,
    run: (invocation) => answer(invocation, invocation.args.scope === 'session' ? 'session' : 'once', { all: invocation.args.scope === 'all' }),
  }),
  defineCommand({
    name: 'deny',
    category: 'while it answers',
    help: 'Do not let the tool run that asks, or none of those that ask now (all). What else you say is told to the agent.',
    arguments: { reason: optional(rest('all')) },
    whileBusy: true,
    async run(invocation) {
      const { reason } = invocation.args
      if (reason?.toLowerCase() === 'all') return answer(invocation, 'deny', { all: true })
      return answer(invocation, 'deny', { ...(reason !== undefined && { reason }) })
    },
  }),
  defineCommand({
    name: 'approvals',
    category: 'overview',
    help: 'Show which tools wait for your word.',
    whileBusy: true,
    async run({ place, services, prefix }) {
      const session = await place.session()
      const running = session ? await runningTurns(services, session.id) : []
      const events = await Promise.all(running.map(({ turn }) => storedEvents(services.stores.turns, turn.id)))
      const open = unanswered(events.flat())
      if (open.length === 0) return { text: 'No tool waits for your word.' }
      const lines = open.map(({ data }) => `- ${String(data['tool'])}: ${excerptOf(data['arguments'])}`)
      return { text: [...lines, '', `${prefix}approve or ${prefix}deny.`].join('\n') }
    },
  }),
  defineCommand({
    name: 'yolo',
    category: 'choices',
    tier: 'admin',
    help: 'Let tools run in this conversation without asking, or have them ask again.',
    arguments: { state: optional(choice('on', 'off')) },
    whileBusy: true,
    chatsOnly: 'over HTTP the client answers what tools ask',
    async run({ args, place, services }) {
      const { routes } = services.stores
      const { sessionKey } = place.chat!
      const route = await routes.find(sessionKey)
      if (!route) return { text: 'Nothing has been said here yet.' }
      const isOn = args.state === undefined ? !routeChoicesOf(route).yolo : args.state === 'on'
      await routes.configure(sessionKey, { yolo: isOn || null })
      return { text: isOn ? 'Tools run here without asking from now on.' : 'Tools ask here again before they run.' }
    },
  }),
]

async function answer(
  { place, services }: Invocation<unknown>,
  choice: 'once' | 'session' | 'deny',
  { all = false, reason }: { readonly all?: boolean; readonly reason?: string },
): Promise<CommandReply> {
  const session = await place.session()
  const running = session ? await runningTurns(services, session.id) : []
  const answered = running.map(({ turn: { id } }) => {
    const count = services.turns.answerApproval(id, choice, { all })
    if (count > 0 && reason !== undefined) services.turns.steer(id, reason)
    return count
  })
  const total = answered.reduce((sum, count) => sum + count, 0)
  if (total === 0) return { text: 'No tool waits for your word.' }
  return { text: `${choice === 'deny' ? 'Denied' : 'Approved'}${total > 1 ? ` (${total})` : ''}.` }
}

function unanswered(events: readonly TurnEvent[]): readonly TurnEvent[] {
  const answered = new Set(events.filter(({ type }) => type === 'approval.answered').map(({ data }) => data['id']))
  return events.filter(({ type, data }) => type === 'approval.requested' && !answered.has(data['id']))
}
