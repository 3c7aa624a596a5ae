import { createId, silentLog, type Clock } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import type { Tier } from '../src/chats/authorize-verdict.ts'
import type { InboundMessage } from '../src/chats/inbound-message.ts'
import { MediaCache } from '../src/chats/media-cache.ts'
import type { CommandReply } from '../src/commands/command-reply.ts'
import type { CommandCron, CommandKanban } from '../src/commands/command-services.ts'
import { createCommands, type Commands } from '../src/commands/commands.ts'
import { WorkPause } from '../src/commands/work-pause.ts'
import { AccountLeases } from '../src/platforms/account-leases.ts'
import { PlatformSupervisors } from '../src/platforms/supervisors.ts'
import { twinPlatform } from '../src/platforms/twin/twin-platform.ts'
import { TwinService } from '../src/platforms/twin/twin-service.ts'
import type { LiveTurn } from '../src/turns/live-turn.ts'
import { openTestTurns, type TestTurns } from './open-test-turns.ts'
import { echo, TestAgent } from './test-agent.ts'

const ADDRESS = { platform: 'twin', account: 'bot', chatId: 'chat', threadId: '' }

/** Who types, and where. Each has a conversation of their own. */
export interface Typist {
  readonly user?: string
  readonly tier?: Tier
  readonly prefix?: '/' | '!'
  readonly isVouchedFor?: boolean
}

export interface TestCommandsOptions {
  readonly agent?: TestAgent
  readonly cron?: CommandCron
  readonly kanban?: CommandKanban
  readonly restart?: () => void
}

/** Commands over real stores, turns and a supervised twin. */
export interface TestCommands extends AsyncDisposable, Pick<TestTurns, 'stores' | 'turns' | 'agent'> {
  readonly commands: Commands
  readonly platforms: PlatformSupervisors
  readonly clock: Clock
  /** What a command answers; fails when it is none. */
  type(text: string, typist?: Typist): Promise<CommandReply>
  dispatch(text: string, typist?: Typist): Promise<CommandReply | undefined>
  /** The command that a text stands for though it is not written as one. */
  implied(text: string, typist?: Typist): Promise<string | undefined>
  /** Has the agent asked something in the conversation, begun if need be, without waiting for the answer. */
  ask(text: string, typist?: Typist): Promise<LiveTurn>
  /** The same, and waits for the answer. */
  say(text: string, typist?: Typist): Promise<void>
  /** Texts of the conversation as it is now, with who said them. */
  said(typist?: Typist): Promise<readonly string[]>
  /** Writes down a message that waits for its turn. */
  enqueue(text: string): Promise<string>
}

export const KEY = (user = 'ada') => `twin:bot:chat::${user}`

export async function openTestCommands(options: TestCommandsOptions = {}): Promise<TestCommands> {
  await using stack = new AsyncDisposableStack()
  const clock = new FakeClock()
  const home = stack.use(temporaryHome())
  const agent =
    options.agent ?? new TestAgent({ play: echo, models: ['talaria', 'fast', 'deep'].map((id) => ({ id, target: `scripted/${id}`, ownedBy: 'scripted' })) })
  const { turns, stores, runner } = stack.use(await openTestTurns({ agent }))
  const platforms = stack.use(
    new PlatformSupervisors({
      definitions: [twinPlatform(new TwinService({ clock }))],
      settings: {},
      receive: async () => 'accepted',
      records: stores.platforms,
      leases: new AccountLeases({ store: stores.platformLeases, runner, clock, log: silentLog }),
      random: () => 0,
      clock,
      log: silentLog,
    }),
  )
  await platforms.start()
  const commands = createCommands({
    stores,
    turns,
    agent,
    clock,
    log: silentLog,
    version: '1.2.3',
    startedAt: clock.now(),
    modelName: 'talaria',
    personalities: { pirate: 'Speak as a pirate does.' },
    workPause: new WorkPause(stores.platforms),
    platforms: { statuses: platforms.statuses, get: (name) => platforms.get(name) },
    files: new MediaCache(home.path, clock),
    ...(options.cron && { cron: options.cron }),
    ...(options.kanban && { kanban: options.kanban }),
    ...(options.restart && { restart: options.restart }),
  })

  const dispatch = (text: string, { user = 'ada', tier = 'admin', prefix = '/', isVouchedFor = false }: Typist = {}) =>
    commands.dispatch(messageOf(text, user, isVouchedFor), { sessionKey: KEY(user), owner: ownerOf(user), tier, prefix })

  const implied = (text: string, { user = 'ada', tier = 'admin', prefix = '/', isVouchedFor = false }: Typist = {}) =>
    commands.implied(messageOf(text, user, isVouchedFor), { sessionKey: KEY(user), owner: ownerOf(user), tier, prefix })

  const ask = async (text: string, { user = 'ada' }: Typist = {}) => {
    const route = (await stores.routes.find(KEY(user))) ?? (await stores.routes.point(KEY(user), { address: ADDRESS, sessionId: createId('ses') }))
    const isThere = await stores.sessions.exists(route.sessionId)
    return turns.start({
      owner: ownerOf(user),
      kind: 'session',
      model: 'talaria',
      session: isThere ? { id: route.sessionId } : { create: { id: route.sessionId, owner: ownerOf(user), source: 'twin' } },
      messages: [{ id: createId('msg'), role: 'user', content: text }],
      history: 'stored',
      agent: {},
      request: {},
    })
  }

  const owned = stack.move()
  return {
    stores,
    turns,
    agent,
    commands,
    platforms,
    clock,
    dispatch,
    implied,
    ask,
    async type(text, typist) {
      const reply = await dispatch(text, typist)
      if (!reply) throw new Error(`${text} is no command`)
      return reply
    },
    async say(text, typist) {
      await (
        await ask(text, typist)
      ).settled
    },
    async said({ user = 'ada' } = {}) {
      const { sessionId } = (await stores.routes.find(KEY(user)))!
      const messages = await stores.sessions.messages(sessionId, { order: 'oldest', limit: 500 })
      return messages.map(({ role, content }) => `${role}: ${content}`)
    },
    async enqueue(text) {
      const message = messageOf(text, 'ada')
      const row = {
        id: createId('in'),
        address: ADDRESS,
        messageId: message.messageId,
        sessionKey: KEY(),
        sender: message.sender,
        body: message,
        mode: 'queue',
      } as const
      await stores.inbound.accept(row)
      return row.id
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function ownerOf(user: string): string {
  return `twin:bot:${user}`
}

function messageOf(text: string, user: string, isVouchedFor = false): InboundMessage {
  return {
    address: ADDRESS,
    kind: 'direct',
    messageId: createId('m'),
    sender: { id: user },
    text,
    attachments: [],
    mentionsUs: true,
    sentAt: 0,
    ...(isVouchedFor && { isVouchedFor }),
  }
}
