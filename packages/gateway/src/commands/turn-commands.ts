import { createId } from '@talaria/core'
import { TurnAborted } from '../turns/turn-aborted.ts'
import { optional, rest } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import { defineCommand, type Command, type Invocation } from './command.ts'
import { discardWaiting } from './discard-waiting.ts'
import { endAnswers } from './end-answers.ts'
import { excerptOf } from './excerpt.ts'
import { runningTurns } from './running-turns.ts'

/** What one may do while an answer is being written. */
export const turnCommands: readonly Command[] = [
  defineCommand({
    name: 'stop',
    category: 'while it answers',
    help: 'End the answer that is being written, and discard what waits behind it.',
    whileBusy: true,
    async run(invocation) {
      const { answers, waiting } = await endAnswers(invocation, new TurnAborted('cancelled', 'stopped', 'Stopped.'))
      const discarded = waiting > 0 ? ` Discarded what waited: ${waiting}.` : ''
      return { text: (answers > 0 ? 'Stopped.' : 'Nothing is being answered here.') + discarded }
    },
  }),
  defineCommand({
    name: 'steer',
    category: 'while it answers',
    help: 'Say something to the answer that is being written; it is taken up after the next tool call.',
    arguments: { text: rest() },
    whileBusy: true,
    async run({ args, place, services }) {
      const session = await place.session()
      const [running] = session ? await runningTurns(services, session.id) : []
      if (running && services.turns.steer(running.turn.id, args.text)) return { text: 'Passed on.' }
      return { text: 'Nothing is being answered, so this is a message of its own.', ask: { text: args.text } }
    },
  }),
  defineCommand({
    name: 'queue',
    aliases: ['q'],
    category: 'while it answers',
    help: 'Show what waits to be answered here, discard it (clear), or add to it (add, or just the text).',
    arguments: { text: optional(rest('list', 'clear', 'add')) },
    whileBusy: true,
    chatsOnly: 'only chats have a queue of messages',
    run: queue,
  }),
  defineCommand({
    name: 'background',
    aliases: ['bg', 'btw'],
    category: 'while it answers',
    help: 'Ask something in a conversation of its own; the answer comes here when it is done.',
    arguments: { prompt: rest() },
    whileBusy: true,
    chatsOnly: 'over HTTP every session runs beside the others',
    run: async ({ args, place }) => ({
      text: 'Working on it beside this conversation.',
      ask: { text: args.prompt, sessionKey: `${place.chat!.sessionKey}:${createId('bg')}` },
    }),
  }),
]

async function queue({ args, place, services, prefix }: Invocation<{ readonly text: string | undefined }>): Promise<CommandReply> {
  const { inbound } = services.stores
  const { sessionKey } = place.chat!
  const said = args.text ?? 'list'
  // Only alone is it an order: "clear the table" is something to queue.
  if (!/^(list|clear|add)$/i.test(said)) return { text: 'Queued.', ask: { text: said.replace(/^add\s+/i, '') } }
  if (/^add$/i.test(said)) return { text: `Add what? For example: ${prefix}queue add and then the tests` }
  const waiting = await inbound.waiting(sessionKey)
  if (waiting.length === 0) return { text: 'Nothing waits to be answered here.' }
  if (/^list$/i.test(said)) return { text: waiting.map(({ body }, index) => `${index + 1}. ${excerptOf(body['text']) || '(a file)'}`).join('\n') }
  return { text: `Discarded what waited: ${await discardWaiting(inbound, sessionKey)}.` }
}
