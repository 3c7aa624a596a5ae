import type { Transcriber } from '@talaria/agent'
import { createId, type Clock, type Log } from '@talaria/core'
import type { Chat, GatewayStores, Inbound, Route, TurnEvent } from '@talaria/db'
import { ApiError } from '../api/api-error.ts'
import { routeChoicesOf } from '../commands/route-choices.ts'
import { roomForText } from '../delivery/duplicate-label.ts'
import type { Places } from '../delivery/resolve-target.ts'
import type { Platform } from '../platforms/platform.ts'
import { textOf } from '../turns/agent-messages.ts'
import type { LiveTurn } from '../turns/live-turn.ts'
import type { ChatOutcome, SettleChat } from '../turns/settle-turn.ts'
import type { Turns } from '../turns/turns.ts'
import { agentContent } from './agent-content.ts'
import type { ChatPolicy } from './chat-policy.ts'
import { settleChat, type TurnOrigin } from './chat-settlement.ts'
import { conversationOf } from './conversation.ts'
import { destinationsOf } from './destinations.ts'
import type { InboundMessage } from './inbound-message.ts'
import type { MediaCache } from './media-cache.ts'
import { inboundMessageOf, mergeMessages } from './merge-messages.ts'
import type { OngoingTurn } from './ongoing-turn.ts'
import { outboundRows } from './outbound-rows.ts'
import { ownerOf } from './owner.ts'
import type { PathPolicy } from './path-policy.ts'
import { promptText } from './prompt-text.ts'
import { ReplyStream } from './reply-stream.ts'
import { isShared } from './session-key.ts'
import { startTyping } from './typing.ts'
import { untilConnected } from './until-connected.ts'

/** Between two looks whether a turn that could not be written has been. */
const UNSETTLED_LOOK_MS = 1_000

export interface ChatTurnOptions {
  readonly stores: GatewayStores
  readonly turns: Turns
  /** The platform of this name while it is connected. */
  readonly connected: (platform: string) => Platform | undefined
  readonly policyOf: (platform: string) => ChatPolicy
  readonly cache: MediaCache
  readonly maxAttachmentBytes: number
  readonly transcriber?: Pick<Transcriber, 'transcribe'>
  /** Where files may be sent from. */
  readonly paths: PathPolicy
  /** The chats that there are, where an answer goes to another than its own. */
  readonly places: Places
  /** Instructions by the names under which people choose them. */
  readonly personalities: Readonly<Record<string, string>>
  /** The name of the default model. */
  readonly modelName: string
  readonly clock: Clock
  readonly log: Log
}

/** What a chat's turn is about, gathered before it begins. */
interface Question {
  readonly message: InboundMessage
  readonly origin: TurnOrigin
  readonly route: Route
  readonly chat: Chat | undefined
  readonly content: Awaited<ReturnType<typeof agentContent>>
}

/**
 * Answers messages that were taken from a queue, as one: shows the answer while it is written, and resolves when its end
 * is on disk, with what is to be said in the outbox.
 *
 * @throws ApiError when the turn could not begin.
 */
export async function runChatTurn(
  rows: readonly Inbound[],
  { ongoing, signal }: { readonly ongoing: OngoingTurn; readonly signal: AbortSignal },
  options: ChatTurnOptions,
): Promise<void> {
  const { stores, turns, connected, clock, log } = options
  const question = await questionOf(rows, signal, options)
  const { address, sessionKey } = question.origin
  await using stream = streamOf(question.origin, options)
  const live = await startTurn(question, settlementOf(question, { stream, ongoing }, options), options)
  ongoing.begin(live.turn.id)
  await using _typing = startTyping({ connected: () => connected(address.platform), address, clock, log })
  await follow(live, { question, stream, signal }, options)
  // A turn that could not be written is tried again until it can, or by the next gateway; the messages after it wait.
  const settled = await live.settled.catch(() => undefined)
  while (!settled && turns.owns(live.turn.id)) await clock.delay(UNSETTLED_LOOK_MS, signal)
  if (settled?.turn.status === 'completed') await stores.routes.settled(sessionKey)
}

async function questionOf(rows: readonly Inbound[], signal: AbortSignal, options: ChatTurnOptions): Promise<Question> {
  const { stores, policyOf, connected, clock } = options
  const message = mergeMessages(rows.map(inboundMessageOf))
  const { platform: name } = message.address
  const { sessionKey } = rows[0]!
  const { sharing, reset } = policyOf(name)
  const chat = await stores.chats.get(message.address)
  const { route, notice } = await conversationOf(sessionKey, message, { stores, chat, reset, clock })
  const origin = {
    sessionKey,
    address: message.address,
    ...(!message.wakes && { replyTo: message.messageId }),
    inbound: rows.map(({ id }) => id),
    ...(message.delivery && { deliverTo: message.delivery.to }),
  }
  if (notice !== undefined)
    await stores.outbound.add(outboundRows({ kind: 'notice', address: message.address, sessionKey, text: notice }, roomOn(name, options)))
  const platform = message.attachments.length > 0 ? await untilConnected(() => connected(name), { clock, signal }) : undefined
  const content = await agentContent(message, promptText(message, isShared(message, sharing)), {
    ...options,
    platform,
    maxBytes: options.maxAttachmentBytes,
    signal,
  })
  return { message, origin, route, chat, content }
}

async function startTurn(question: Question, settle: SettleChat, options: ChatTurnOptions): Promise<LiveTurn> {
  const { turns, stores, policyOf, modelName } = options
  const { message, origin, route, chat, content } = question
  const owner = message.wakes?.owner ?? ownerOf(message, policyOf(message.address.platform).sharing)
  const existing = await stores.sessions.get(route.sessionId, { all: true })
  const begin = (session: Parameters<typeof turns.start>[0]['session']) =>
    turns.start({
      owner,
      kind: 'session',
      model: chat?.settings.model ?? existing?.model ?? modelName,
      session,
      messages: [{ id: createId('msg'), role: 'user', content: textOf(content), ...(typeof content !== 'string' && { parts: content }) }],
      history: 'stored',
      agent: agentChoices(question, existing?.systemPrompt ?? undefined, options),
      request: { chat: origin },
      inbound: origin.inbound,
      settleChat: settle,
    })
  const created = (id: string) => ({
    create: { id, owner, source: message.address.platform, userId: message.sender.id, metadata: { sessionKey: origin.sessionKey } },
  })
  try {
    return await begin(existing ? { id: existing.id } : created(route.sessionId))
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'session_not_found') throw error
    // It was deleted: whoever did that wants it gone, and is answered all the same.
    const { sessionId } = await stores.routes.point(origin.sessionKey, { address: origin.address, sessionId: createId('ses') })
    return begin(created(sessionId))
  }
}

function agentChoices({ chat, route }: Question, systemPrompt: string | undefined, { personalities }: ChatTurnOptions) {
  const personality = chat?.settings.personality
  const instructions = [chat?.settings.systemPrompt ?? systemPrompt, personality ? personalities[personality] : undefined].filter(Boolean).join('\n\n')
  const { reasoningEffort } = routeChoicesOf(route)
  return { ...(instructions !== '' && { instructions }), ...(reasoningEffort && { sampling: { reasoningEffort } }) }
}

/** Decides once what is said in the end: a settlement that is tried again says the same. */
function settlementOf(
  question: Question,
  during: { readonly stream: ReplyStream | undefined; readonly ongoing: OngoingTurn },
  options: ChatTurnOptions,
): SettleChat {
  const { stream, ongoing } = during
  let decided: ReturnType<SettleChat> | undefined
  const decide = async (outcome: ChatOutcome) => {
    await stream?.[Symbol.asyncDispose]()
    const { usage } = outcome.summary
    const wantsFooter = usage && routeChoicesOf(question.route).footer
    return settleChat(question.origin, outcome, {
      stores: options.stores,
      paths: options.paths,
      places: options.places,
      // The parts are to be those that are shown already, also while the platform is away.
      roomOn: (platform) => stream?.room ?? roomOn(platform, options),
      drafts: stream?.drafts ?? [],
      takenUp: ongoing.takenUp(outcome.pendingSteer),
      ...(wantsFooter && { footer: `_${usage.inputTokens + usage.outputTokens} tokens_` }),
      log: options.log,
    })
  }
  return (outcome) =>
    (decided ??= decide(outcome).catch((error: unknown) => {
      decided = undefined
      throw error
    }))
}

function streamOf({ address, replyTo, deliverTo }: TurnOrigin, options: ChatTurnOptions): ReplyStream | undefined {
  const { connected, stores, clock, log } = options
  if (deliverTo) return undefined
  const platform = connected(address.platform)
  return platform?.capabilities.edits
    ? new ReplyStream({
        platform,
        address,
        ...(replyTo !== undefined && { replyTo }),
        room: roomOn(address.platform, options),
        mayBegin: async () => !(await stores.outbound.hasUnsent(address)),
        clock,
        log,
      })
    : undefined
}

/** Shows what the agent says, and asks in the chat what it asks; resolves with the last event, or when nothing more can be read. */
async function follow(
  live: LiveTurn,
  { question, stream, signal }: { readonly question: Question; readonly stream: ReplyStream | undefined; readonly signal: AbortSignal },
  options: ChatTurnOptions,
): Promise<void> {
  const { turns, log } = options
  let text = ''
  try {
    for await (const events of turns.follow(live.turn, { after: 0, durable: false, signal })) {
      for (const event of events) if (event.type === 'approval.requested') await askApproval(live, event, question, options)
      const said = events.filter(({ type }) => type === 'text.delta').map(({ data }) => String(data['text']))
      if (said.length > 0) stream?.show((text += said.join('')))
    }
  } catch (error) {
    log.warn({ err: error, turn: live.turn.id }, 'a turn could not be followed to its end')
  }
}

async function askApproval(live: LiveTurn, { data }: TurnEvent, question: Question, options: ChatTurnOptions): Promise<void> {
  const { message, origin, route } = question
  if (routeChoicesOf(route).yolo) return void options.turns.answerApproval(live.turn.id, 'once', { id: String(data['id']) })
  if (message.isVouchedFor) return refuseApproval(live, data, question, options)
  const prefix = options.connected(origin.address.platform)?.capabilities.commandPrefix ?? '/'
  const text = `The tool \`${String(data['tool'])}\` wants to run:\n\`\`\`\n${String(data['arguments']).slice(0, 1_000)}\n\`\`\`\n${prefix}approve or ${prefix}deny.`
  await options.stores.outbound.add(outboundRows({ ...origin, kind: 'notice', turnId: live.turn.id, text }, roomOn(origin.address.platform, options)))
}

/** Nobody who could say yes is in the conversation of a webhook: no is said at once, to the agent and where the answer goes. */
async function refuseApproval(
  live: LiveTurn,
  data: TurnEvent['data'],
  { origin }: Question,
  { turns, stores, places, log, ...options }: ChatTurnOptions,
): Promise<void> {
  const tool = String(data['tool'])
  turns.answerApproval(live.turn.id, 'deny', { id: String(data['id']) })
  turns.steer(live.turn.id, `The tool ${tool} needs the word of a person, and nobody can be asked about a webhook.`)
  const text = `The tool \`${tool}\` did not run: it needs the word of a person, and nobody can be asked about a webhook.`
  const destinations = await destinationsOf(origin, places, log)
  const rows = destinations.flatMap((where) => outboundRows({ ...where, kind: 'notice', turnId: live.turn.id, text }, roomOn(where.address.platform, options)))
  if (rows.length > 0) await stores.outbound.add(rows)
}

function roomOn(platform: string, { connected }: Pick<ChatTurnOptions, 'connected'>): number {
  return roomForText(connected(platform)?.capabilities.maxLength)
}
