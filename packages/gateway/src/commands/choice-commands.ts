import type { BusyMode } from '@talaria/db'
import { describeResetPolicy, parseResetPolicy, resetPolicyOf } from '../chats/reset-policy.ts'
import { choice, optional, rest, word } from './arguments.ts'
import type { CommandReply } from './command-reply.ts'
import { defineCommand, type Command, type Invocation } from './command.ts'
import { REASONING_EFFORTS, routeChoicesOf, type RouteChoices } from './route-choices.ts'

const BUSY_MODES: Readonly<Record<BusyMode, string>> = {
  queue: 'waits its turn',
  steer: 'is passed on to the answer',
  interrupt: 'ends the answer and takes its place',
  reject: 'is refused',
}

/** How answers are made, as people choose it for a chat or a conversation. */
export const choiceCommands: readonly Command[] = [
  defineCommand({
    name: 'model',
    category: 'choices',
    help: 'List the models, choose one for this chat, or go back to the default.',
    arguments: { model: optional(word('list', 'default')) },
    run: (invocation) => {
      const { model = 'list' } = invocation.args
      return model === 'list' ? listModels(invocation) : chooseModel(invocation, model)
    },
  }),
  defineCommand({
    name: 'personality',
    category: 'choices',
    help: 'List the personalities that the settings have, choose one for this chat, or none.',
    arguments: { name: optional(word('none')) },
    chatsOnly: 'over HTTP the request has its own instructions',
    run: choosePersonality,
  }),
  defineCommand({
    name: 'reasoning',
    category: 'choices',
    help: 'Show or choose how much the model thinks in this conversation before it answers.',
    arguments: { effort: optional(choice('default', ...REASONING_EFFORTS)) },
    chatsOnly: 'over HTTP the request says so itself',
    run: (invocation) => {
      const { effort } = invocation.args
      const said = (chosen: RouteChoices) => `The model thinks as much as ${chosen.reasoningEffort ? `"${chosen.reasoningEffort}" says` : 'it likes'}.`
      return chooseForRoute(invocation, effort && { reasoningEffort: effort === 'default' ? null : effort }, said)
    },
  }),
  defineCommand({
    name: 'footer',
    category: 'choices',
    help: 'Show or choose whether answers in this conversation end with the model and the tokens that they took.',
    arguments: { state: optional(choice('on', 'off')) },
    whileBusy: true,
    chatsOnly: 'over HTTP every answer has them',
    run: (invocation) => {
      const { state } = invocation.args
      return chooseForRoute(invocation, state && { footer: state === 'on' ? true : null }, ({ footer }) => `The footer is ${footer ? 'on' : 'off'}.`)
    },
  }),
  defineCommand({
    name: 'busy',
    category: 'choices',
    help: 'Show or choose what a message does here that comes while an answer is being written.',
    arguments: { mode: optional(choice('queue', 'steer', 'interrupt', 'reject', 'default')) },
    whileBusy: true,
    chatsOnly: 'over HTTP messages of a session wait their turn',
    async run({ args, place, services }) {
      const { chats } = services.stores
      const { address } = place.chat!
      if (args.mode) await chats.configure(address, { busyMode: args.mode === 'default' ? null : args.mode })
      const mode = (await chats.get(address))?.settings.busyMode
      return {
        text: mode
          ? `A message that comes meanwhile ${BUSY_MODES[mode]} (${mode}).`
          : 'What a message does that comes meanwhile is up to the settings of the platform.',
      }
    },
  }),
  defineCommand({
    name: 'reset-policy',
    category: 'choices',
    help: 'Show or choose when a new conversation begins here by itself: after a pause (idle 2h), every day (daily 04:00), never (manual), or as the settings say (default).',
    arguments: { policy: optional(rest('idle', 'daily', 'manual', 'default')) },
    whileBusy: true,
    chatsOnly: 'over HTTP a session goes on until its client begins another',
    async run({ args, place, services, prefix }) {
      const { chats } = services.stores
      const { address } = place.chat!
      const chosen = args.policy === undefined || /^default$/i.test(args.policy) ? null : parseResetPolicy(args.policy)
      if (chosen === undefined) return { text: `That is no policy. For example: ${prefix}reset-policy idle 2h, daily 04:00` }
      if (args.policy !== undefined) await chats.configure(address, { reset: chosen && { ...chosen } })
      const reset = (await chats.get(address))?.settings.reset
      return { text: reset ? describeResetPolicy(resetPolicyOf(reset)) : 'When a new conversation begins here by itself is up to the settings.' }
    },
  }),
  defineCommand({
    name: 'sethome',
    category: 'operation',
    tier: 'admin',
    help: 'Send here what answers nobody, such as the results of jobs.',
    arguments: { state: optional(choice('off')) },
    whileBusy: true,
    chatsOnly: 'only a chat can be a home',
    async run({ args, place, services }) {
      await services.stores.chats.setHome(place.chat!.address, args.state !== 'off')
      return { text: args.state === 'off' ? 'This chat is not home any more.' : `This chat is home now, for all of ${place.source}.` }
    },
  }),
]

async function listModels(invocation: Invocation<unknown>): Promise<CommandReply> {
  const { place, services, prefix } = invocation
  const chosen = await chosenModel(invocation)
  const lines = services.agent.models().map(({ id, target }) => `- ${id}${id === target ? '' : ` (${target})`}${id === chosen ? ', chosen' : ''}`)
  const here = place.chat ? 'this chat' : 'this session'
  return { text: [...lines, '', chosen === null ? `The default model answers in ${here}.` : `${prefix}model default goes back to the default.`].join('\n') }
}

async function chooseModel({ place, services, prefix }: Invocation<unknown>, name: string): Promise<CommandReply> {
  const { chats, sessions } = services.stores
  const model = services.agent.models().find(({ id, target }) => id === name || target === name)
  if (name !== 'default' && !model) return { text: `There is no model '${name}'. ${prefix}model lists them.` }
  const chosen = model?.id ?? null
  if (place.chat) await chats.configure(place.chat.address, { model: chosen })
  else await sessions.update((await place.session())!.id, place.viewer, { model: chosen })
  return { text: chosen === null ? 'The default model answers from now on.' : `${chosen} answers from now on.` }
}

async function chosenModel({ place, services }: Invocation<unknown>): Promise<string | null> {
  if (!place.chat) return (await place.session())?.model ?? null
  return (await services.stores.chats.get(place.chat.address))?.settings.model ?? null
}

async function choosePersonality({ args, place, services, prefix }: Invocation<{ readonly name: string | undefined }>): Promise<CommandReply> {
  const { chats } = services.stores
  const { address } = place.chat!
  const names = Object.keys(services.personalities)
  if (args.name === undefined) {
    const chosen = (await chats.get(address))?.settings.personality
    if (names.length === 0) return { text: 'The settings have no personalities.' }
    return { text: [...names.map((name) => `- ${name}${name === chosen ? ', chosen' : ''}`), '', `${prefix}personality none goes back to none.`].join('\n') }
  }
  const wanted = args.name.toLowerCase()
  const name = names.find((one) => one.toLowerCase() === wanted)
  if (wanted !== 'none' && name === undefined) return { text: `There is no personality '${args.name}'. ${prefix}personality lists them.` }
  await chats.configure(address, { personality: name ?? null })
  return { text: name === undefined ? 'No personality from now on.' : `${name} from now on.` }
}

async function chooseForRoute(
  { place, services }: Invocation<unknown>,
  changes: Readonly<Record<string, unknown>> | undefined,
  said: (chosen: RouteChoices) => string,
): Promise<CommandReply> {
  const { routes } = services.stores
  const { sessionKey } = place.chat!
  if (changes) await routes.configure(sessionKey, changes)
  const route = await routes.find(sessionKey)
  return { text: route ? said(routeChoicesOf(route)) : 'Nothing has been said here yet.' }
}
