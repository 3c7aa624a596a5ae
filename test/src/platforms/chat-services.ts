import { DISCORD, DiscordServer, FeishuServer, NtfyServer, SLACK, SlackServer } from '@talaria/gateway/test-servers'
import { wordsOfCard } from './words-of-card.ts'

/** A chat service of our own on loopback, with one person who writes to the agent in one chat. */
export interface ChatService extends AsyncDisposable {
  readonly platform: string
  /** What a gateway has to be told to be connected to it, and to listen to that person. */
  readonly env: Readonly<Record<string, string>>
  say(text: string): void
  /** What the agent said in the chat, as it stands there now, oldest first. */
  texts(): readonly string[]
  /** Connections of the gateway by which it hears. */
  connections(): number
}

/** Discord, Slack in socket mode, Feishu with its long connection, and ntfy. */
export async function startChatServices(): Promise<AsyncDisposable & { readonly all: readonly ChatService[] }> {
  await using stack = new AsyncDisposableStack()
  const all = [stack.use(await startDiscord()), stack.use(await startSlack()), stack.use(await startFeishu()), stack.use(await startNtfy())]
  const owned = stack.move()
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function startDiscord(): Promise<ChatService> {
  const server = await DiscordServer.start()
  return {
    platform: 'discord',
    env: server.env,
    say: (text) => void server.write({ channel: DISCORD.direct, direct: true, text }),
    texts: () => server.messages.filter(({ author }) => (author as { id: string }).id === DISCORD.bot).map(({ content }) => String(content)),
    connections: () => server.connections,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function startSlack(): Promise<ChatService> {
  const server = await SlackServer.start()
  return {
    platform: 'slack',
    env: server.env('socket'),
    say: (text) => server.push(server.written(text)),
    texts: () => server.messages.filter(({ user }) => user === SLACK.bot).map(({ text }) => String(text)),
    connections: () => server.connections,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function startFeishu(): Promise<ChatService> {
  const server = await FeishuServer.start()
  return {
    platform: 'feishu',
    env: { ...server.env, FEISHU_ALLOWED_USERS: 'ou_ada' },
    say: (text) => void server.say({ content: JSON.stringify({ text }) }),
    texts: () => server.messages.map(({ content }) => wordsOfCard(content)),
    connections: () => server.connections,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function startNtfy(): Promise<ChatService> {
  const server = await NtfyServer.start()
  const topic = 'a-topic-of-ours'
  const said = new Set<string>()
  return {
    platform: 'ntfy',
    // Whoever may write to the topic is its user.
    env: { NTFY_TOPIC: topic, NTFY_SERVER_URL: server.url, NTFY_ALLOWED_USERS: topic },
    say: (text) => void said.add(server.publish(topic, { message: text }).id),
    texts: () => server.messages.filter(({ id }) => !said.has(id)).map(({ message }) => message ?? ''),
    connections: () => server.streams,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
