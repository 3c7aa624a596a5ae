import { readFile } from 'node:fs/promises'
import type { InboundAttachment } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { definePlatform } from '../definition.ts'
import type { Platform, Sent } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { NtfyClient } from './ntfy-client.ts'
import { ntfyEvent, tagOf } from './ntfy-message.ts'
import { ntfySettings } from './ntfy-settings.ts'
import { subscribeToNtfy } from './ntfy-subscription.ts'

/** How far back a message whose outcome is unknown is looked for. */
const FIND_WITHIN = '1h'
const LOW_PRIORITY = 2

/** ntfy: a topic that is subscribed to, and published on. */
export const ntfy = definePlatform({
  name: 'ntfy',
  label: 'ntfy',
  settings: ntfySettings,
  plan: ({ ntfyTopic }) => {
    if (ntfyTopic === undefined) return { state: 'not_configured', reason: 'NTFY_TOPIC is not set.' }
    if (/^[\w-]{1,64}$/.test(ntfyTopic)) return { state: 'ready' }
    return { state: 'misconfigured', reason: 'NTFY_TOPIC is no topic: it has 1 to 64 letters, digits, _ and -.' }
  },
  accountOf: ({ ntfyServer, ntfyTopic }) => `${ntfyServer}/${ntfyTopic}`,
  async connect({ ntfyTopic: topic = '', ntfyServer: server, ntfyToken: token, ntfyPublishTopic, ntfyMarkdown, ntfyCatchUp: catchUpMs }, context) {
    const client = context.resources.use(new NtfyClient({ server, token }))
    const account = client.server.host
    try {
      await subscribeToNtfy({ client, account, topic, catchUpMs, context })
    } catch (error) {
      // Not being let in is a matter of the settings here, not of one chat.
      if (error instanceof PlatformError && error.code === 'forbidden') throw new PlatformError('missing_permission', error.message, { cause: error })
      throw error
    }
    return new NtfyPlatform({ client, account, isMarkdown: ntfyMarkdown, topicFor: (chatId) => (chatId === topic ? (ntfyPublishTopic ?? topic) : chatId) })
  },
})

interface NtfyPlatformOptions {
  readonly client: NtfyClient
  readonly account: string
  readonly isMarkdown: boolean
  /** Where what is said to a chat is published. */
  readonly topicFor: (chatId: string) => string
}

class NtfyPlatform implements Platform {
  readonly account: string
  readonly capabilities
  readonly #options: NtfyPlatformOptions

  constructor(options: NtfyPlatformOptions) {
    this.#options = options
    this.account = options.account
    this.capabilities = {
      threads: false,
      edits: false,
      typing: false,
      reactions: false,
      files: true,
      voice: false,
      // 4,096 bytes; beyond them the server makes a file of the text. This many characters fit whatever the script.
      maxLength: 1_365,
      markup: options.isMarkdown ? 'markdown' : 'plain',
      editEveryMs: 0,
      commandPrefix: '/',
    } as const
  }

  async send(message: OutboundMessage, signal: AbortSignal): Promise<Sent> {
    const { maxLength } = this.capabilities
    if (message.text.length > maxLength) throw new PlatformError('too_long', `A message has at most ${maxLength} characters.`)
    const topic = this.#options.topicFor(message.address.chatId)
    const tags = [tagOf(message.id)]
    const priority = message.silent === true ? { priority: LOW_PRIORITY } : {}
    const [file, ...more] = message.attachments
    if (more.length > 0) throw new PlatformError('unsupported', 'A message of ntfy has one file at most.')
    if (file) {
      const headers = {
        tags: tags.join(),
        filename: encodeHeader(file.name),
        ...(message.text !== '' && { message: encodeHeader(message.text) }),
        ...(message.silent === true && { priority: String(LOW_PRIORITY) }),
      }
      return this.#publish(encodeURIComponent(topic), { method: 'PUT', headers, body: await readFile(file.path) }, signal)
    }
    const body = JSON.stringify({ topic, message: message.text, tags, markdown: this.#options.isMarkdown, ...priority })
    return this.#publish('', { method: 'POST', body }, signal)
  }

  async find({ id, address }: OutboundMessage, signal: AbortSignal): Promise<Sent | undefined> {
    const topic = encodeURIComponent(this.#options.topicFor(address.chatId))
    const lines = await this.#options.client.request(`${topic}/json?poll=1&since=${FIND_WITHIN}&tags=${tagOf(id)}`, { isRepeatable: true }, signal)
    const events = lines
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ntfyEvent.parse(JSON.parse(line)))
    const found = events.find(({ tags }) => tags.includes(tagOf(id)))
    return found && { messageId: found.id }
  }

  async download({ ref }: InboundAttachment, { maxBytes }: { readonly maxBytes: number }, signal: AbortSignal): Promise<Uint8Array> {
    return this.#options.client.request(String(ref.path), { maxBytes, isRepeatable: true }, signal)
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#options.client.request('v1/health', { isRepeatable: true }, signal)
  }

  async #publish(
    path: string,
    request: { readonly method: 'POST' | 'PUT'; readonly headers?: Record<string, string>; readonly body: string | Uint8Array },
    signal: AbortSignal,
  ): Promise<Sent> {
    const answer = await this.#options.client.request(path, request, signal)
    const { id } = ntfyEvent.parse(JSON.parse(answer.toString('utf8')))
    return { messageId: id }
  }
}

/** A header holds ASCII only; ntfy reads RFC 2047. */
const encodeHeader = (text: string) => (/^[\x20-\x7e]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`)
