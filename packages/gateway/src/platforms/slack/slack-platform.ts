import { readFile } from 'node:fs/promises'
import type { ChatAddress } from '../../chats/chat-address.ts'
import type { InboundAttachment } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import type { Capabilities } from '../capabilities.ts'
import type { HttpClient } from '../http-client.ts'
import { PlatformError } from '../platform-error.ts'
import type { Platform, Sent } from '../platform.ts'
import type { SlackIdentity } from './inbound-message-of.ts'
import { reactionName } from './reaction-names.ts'
import { renderMrkdwn } from './render-mrkdwn.ts'
import type { SlackApi } from './slack-api.ts'
import { refusalOf } from './slack-error.ts'

const CAPABILITIES: Capabilities = {
  threads: true,
  edits: true,
  // Slack shows it in its assistant's own threads only.
  typing: false,
  reactions: true,
  files: true,
  voice: true,
  maxLength: 3_900, // Of the 4,000 that chat.update takes (`msg_too_long`, docs.slack.dev/reference/methods/chat.update): escaping makes a text longer. chat.postMessage cuts at 40,000, but a reply that grows is edited.
  markup: 'markdown',
  editEveryMs: 1_200, // Fifty edits a minute.
  commandPrefix: '!',
}
const FILE_HOSTS: ReadonlySet<string> = new Set(['files.slack.com'])
const METADATA = 'talaria_message'
const LOOKED_THROUGH = 50

export interface SlackPlatformOptions {
  readonly us: SlackIdentity
  readonly api: SlackApi
  readonly http: HttpClient
  readonly apiRoot: string
  readonly token: string
}

/** A message in Slack's history, as much of it as we read. */
interface Remembered {
  readonly ts?: string
  readonly user?: string
  readonly text?: string
  readonly files?: readonly { readonly name?: string | null }[]
  readonly metadata?: { readonly event_payload?: { readonly id?: string } }
}

/** Slack while it is connected. */
export class SlackPlatform implements Platform {
  readonly account: string
  readonly capabilities = CAPABILITIES
  readonly #options: SlackPlatformOptions

  constructor(options: SlackPlatformOptions) {
    this.account = options.us.userId
    this.#options = options
  }

  async send(message: OutboundMessage, signal: AbortSignal): Promise<Sent> {
    refuseTooLong(message.text)
    if (message.attachments.length > 0) return this.#sendFiles(message, signal)
    const { chatId: channel, threadId } = message.address
    const request = {
      channel,
      text: renderMrkdwn(message.text),
      unfurl_links: false,
      unfurl_media: false,
      metadata: { event_type: METADATA, event_payload: { id: message.id } },
      ...(threadId !== '' && { thread_ts: threadId }),
    }
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's method, not a window's.
    const sent = await this.#options.api(signal, (client) => client.chat.postMessage(request))
    return { messageId: sent.ts! }
  }

  async edit({ chatId: channel }: ChatAddress, ts: string, text: string, signal: AbortSignal): Promise<void> {
    refuseTooLong(text)
    await this.#options.api(signal, (client) => client.chat.update({ channel, ts, text: renderMrkdwn(text) }))
  }

  async react({ chatId: channel }: ChatAddress, timestamp: string, emoji: string | undefined, signal: AbortSignal): Promise<void> {
    const name = emoji === undefined ? undefined : reactionName(emoji)
    if (emoji !== undefined && name === undefined) throw new PlatformError('unsupported', `Slack has no name for the reaction ${emoji}.`)
    const { api } = this.#options
    const { message } = await api(signal, (client) => client.reactions.get({ channel, timestamp, full: true }))
    const ours = (message?.reactions ?? []).filter(({ users }) => users?.includes(this.account)).map((reaction) => reaction.name!)
    if (name !== undefined) await unless('already_reacted', () => api(signal, (client) => client.reactions.add({ channel, timestamp, name })))
    for (const old of ours) {
      if (old !== name) await unless('no_reaction', () => api(signal, (client) => client.reactions.remove({ channel, timestamp, name: old })))
    }
  }

  /** By the metadata that every message of ours carries; one with files by its text and their names, because Slack lets it carry none. */
  async find(message: OutboundMessage, signal: AbortSignal): Promise<Sent | undefined> {
    const { chatId: channel, threadId } = message.address
    const options = { channel, limit: LOOKED_THROUGH, include_all_metadata: true }
    const { messages = [] } = await this.#options.api(signal, (client): Promise<{ messages?: Remembered[] }> =>
      threadId === '' ? client.conversations.history(options) : client.conversations.replies({ ...options, ts: threadId }),
    )
    const names = message.attachments.map(({ name }) => name).join()
    const found = messages.find(
      ({ user, text, files = [], metadata }) =>
        user === this.account &&
        (message.attachments.length === 0
          ? metadata?.event_payload?.id === message.id
          : text === renderMrkdwn(message.text) && files.map(({ name }) => name).join() === names),
    )
    return found?.ts === undefined ? undefined : { messageId: found.ts }
  }

  async download({ ref }: InboundAttachment, { maxBytes }: { readonly maxBytes: number }, signal: AbortSignal): Promise<Uint8Array> {
    const { apiRoot, http, token } = this.#options
    const url = URL.parse(String(ref['url']))
    // The token goes with the request, and the address came over the wire.
    if (!url || !(FILE_HOSTS.has(url.host) || url.host === new URL(apiRoot).host)) throw new PlatformError('rejected', 'A file is not kept by Slack.')
    const response = await http.fetch(url, { signal, headers: { Authorization: `Bearer ${token}` } }, { maxBytes })
    // Whom Slack does not know, it shows a page to log in, or sends there.
    if (response.status >= 300 && response.status < 400)
      throw new PlatformError('missing_permission', 'Slack does not let us read files: files:read is missing.')
    if (!response.ok) throw new PlatformError(response.status === 404 ? 'message_not_found' : 'rejected', `The file is not there (${response.status}).`)
    return new Uint8Array(await response.arrayBuffer())
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#options.api(signal, (client) => client.auth.test())
  }

  /** Uploads first and shows them with the text in one step, so that a failure in between shows nothing. */
  async #sendFiles({ address, text, attachments }: OutboundMessage, signal: AbortSignal): Promise<Sent> {
    const { api } = this.#options
    const files: { id: string; title: string }[] = []
    for (const { path, name } of attachments) files.push({ id: await this.#upload(await readFile(path), name, signal), title: name })
    const [first, ...rest] = files
    await api(signal, (client) =>
      client.files.completeUploadExternal({
        files: [first!, ...rest],
        channel_id: address.chatId,
        ...(text !== '' && { initial_comment: renderMrkdwn(text) }),
        ...(address.threadId !== '' && { thread_ts: address.threadId }),
      }),
    )
    return { messageId: (await this.#sharedAs(first!.id, address.chatId, signal)) ?? first!.id }
  }

  async #upload(bytes: Uint8Array<ArrayBuffer>, filename: string, signal: AbortSignal): Promise<string> {
    const { api, http } = this.#options
    const { upload_url: url, file_id: id } = await api(signal, (client) => client.files.getUploadURLExternal({ filename, length: bytes.length }))
    const response = await http.fetch(url!, { method: 'POST', body: bytes, signal, headers: { 'content-type': 'application/octet-stream' } })
    // Nobody sees what was uploaded until the last step: nothing has happened yet.
    if (!response.ok) throw new PlatformError('server_error', `Slack did not take a file (${response.status}).`)
    return id!
  }

  /** The message in which a file is shown; Slack makes it a moment later, so that there may be none yet. */
  async #sharedAs(file: string, chatId: string, signal: AbortSignal): Promise<string | undefined> {
    const info = await this.#options.api(signal, (client) => client.files.info({ file })).catch(() => undefined)
    const { public: open, private: closed } = info?.file?.shares ?? {}
    return (open?.[chatId] ?? closed?.[chatId])?.[0]?.ts
  }
}

/** Slack itself cuts the end off a message that is too long, and says nothing. */
function refuseTooLong(text: string): void {
  if (text.length > CAPABILITIES.maxLength) throw new PlatformError('too_long', `Slack takes ${CAPABILITIES.maxLength} characters, not ${text.length}.`)
}

async function unless(refusal: string, work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (refusalOf(error) !== refusal) throw error
  })
}
