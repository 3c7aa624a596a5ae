import type { Session } from '@talaria/db'
import { TurnAborted } from '../turns/turn-aborted.ts'
import { choice, optional, rest } from './arguments.ts'
import { allMessages } from './all-messages.ts'
import type { CommandReply } from './command-reply.ts'
import { newSessionOf } from './command-place.ts'
import { defineCommand, inSession, type Command, type Invocation } from './command.ts'
import { endAnswers } from './end-answers.ts'
import { excerptOf } from './excerpt.ts'
import { forkSession } from './fork-session.ts'
import { renderTranscript } from './render-transcript.ts'
import { timeAgo } from './time-ago.ts'

/** As many as can be looked over in a chat. */
const LISTED = 10

/** Of these a session is found by its name. */
const SEARCHED = 200

/** Which conversation one is in, and what it is called. */
export const sessionCommands: readonly Command[] = [
  defineCommand({
    name: 'new',
    aliases: ['reset'],
    category: 'conversation',
    help: 'Begin a new conversation. What is being answered ends; the old conversation can be resumed.',
    arguments: { title: optional(rest()) },
    whileBusy: true,
    async run(invocation) {
      const { args, place, services } = invocation
      await endAnswers(invocation, new TurnAborted('cancelled', 'session_reset', 'A new conversation was begun.'))
      const made = await services.stores.sessions.create({ ...newSessionOf(place), ...(args.title !== undefined && { title: args.title }) })
      await place.moveTo(made!)
      return { text: 'A new conversation. I remember nothing of the last one.', sessionId: made!.id }
    },
  }),
  defineCommand({
    name: 'sessions',
    category: 'conversation',
    help: 'List your last conversations.',
    whileBusy: true,
    async run({ place, services, prefix }) {
      const current = await place.session()
      const sessions = await latest(services.stores, place, LISTED)
      if (sessions.length === 0) return { text: 'There are no conversations yet.' }
      const now = services.clock.now()
      const lines = sessions.map((session, index) => {
        const here = session.id === current?.id ? ' (this one)' : ''
        return `${index + 1}. ${nameOf(session)}${here}, ${timeAgo(session.updatedAt, now)}, ${session.messageCount} messages: ${session.id}`
      })
      return { text: [...lines, '', `${prefix}resume with a number, an id or a title goes on with one.`].join('\n') }
    },
  }),
  defineCommand({
    name: 'resume',
    category: 'conversation',
    help: 'Go on with an earlier conversation of yours, by its number in the list, its id or its title; the last one unless you say.',
    arguments: { session: optional(rest()) },
    run: resume,
  }),
  defineCommand({
    name: 'title',
    category: 'conversation',
    help: 'Show what this conversation is called, or call it something.',
    arguments: { title: optional(rest()) },
    whileBusy: true,
    run: inSession(async ({ args, place, services, session }) => {
      if (args.title === undefined) return { text: session.title ?? 'This conversation has no title.' }
      await services.stores.sessions.update(session.id, place.viewer, { title: args.title.slice(0, 200) })
      return { text: `This conversation is called: ${args.title.slice(0, 200)}` }
    }),
  }),
  defineCommand({
    name: 'branch',
    aliases: ['fork'],
    category: 'conversation',
    help: 'Go on in a copy of this conversation, so that the original stays as it is.',
    arguments: { title: optional(rest()) },
    run: inSession(async ({ session, ...invocation }) => {
      const fork = await forkSession(invocation, session, { title: invocation.args.title ?? `${nameOf(session)} (branch)` })
      return { text: `In a branch now. The original is session ${session.id}.`, sessionId: fork.id }
    }),
  }),
  defineCommand({
    name: 'save',
    category: 'conversation',
    help: 'Get this conversation as a file.',
    arguments: { format: optional(choice('md', 'json')) },
    whileBusy: true,
    run: inSession(save),
  }),
]

async function resume({ args, place, services, prefix }: Invocation<{ readonly session: string | undefined }>): Promise<CommandReply> {
  const { sessions, routes } = services.stores
  const current = await place.session()
  // Set aside is what it was in: it goes on there, and answers by itself again.
  if (args.session === undefined && current && place.chat && (await routes.resume(place.chat.sessionKey)))
    return { text: `On with: ${nameOf(current)}`, sessionId: current.id }
  const listed = await latest(services.stores, place, SEARCHED)
  const found =
    args.session === undefined ? listed.find(({ id }) => id !== current?.id) : ((await sessions.get(args.session, place.viewer)) ?? pick(listed, args.session))
  if (!found) return { text: `You have no such conversation. ${prefix}sessions lists them.` }
  await place.moveTo(found)
  return { text: `Back in: ${nameOf(found)}`, sessionId: found.id }
}

async function save({ args, services, session }: Invocation<{ readonly format: 'md' | 'json' | undefined }> & { readonly session: Session }) {
  const format = args.format ?? 'md'
  const text = renderTranscript(session, await allMessages(services.stores.sessions, session.id), format)
  const mediaType = format === 'md' ? 'text/markdown' : 'application/json'
  return { text: `Saved: ${session.messageCount} messages.`, document: { name: `${session.id}.${format}`, mediaType, text } }
}

function latest({ sessions }: Invocation<unknown>['services']['stores'], { viewer }: Invocation<unknown>['place'], limit: number): Promise<readonly Session[]> {
  return sessions.list(viewer, { limit })
}

function pick(sessions: readonly Session[], wanted: string): Session | undefined {
  const byNumber = /^\d{1,2}$/.test(wanted) && Number(wanted) <= LISTED ? sessions[Number(wanted) - 1] : undefined
  return byNumber ?? sessions.find(({ title }) => title?.toLowerCase() === wanted.toLowerCase())
}

function nameOf(session: Session): string {
  return session.title ?? (excerptOf(session.preview) || 'untitled')
}
