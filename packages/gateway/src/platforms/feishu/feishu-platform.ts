import type { Readable } from 'node:stream'
import type { Clock } from '@talaria/core'
import { codeOf } from '@talaria/core'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import type { Capabilities } from '../capabilities.ts'
import type { Platform } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { markdownCard, plainCard } from './card.ts'
import type { FeishuClient } from './feishu-client.ts'
import type { FeishuBot } from './inbound-message-of.ts'
import { setReaction } from './reactions.ts'
import { sendMessage } from './send-message.ts'

const CAPABILITIES: Capabilities = {
  threads: true,
  edits: true,
  typing: false,
  reactions: true,
  files: true,
  voice: true,
  // 30 KB hold as many characters of three bytes, with the card around them.
  maxLength: 8000,
  markup: 'markdown',
  // Feishu bears five a second for one card.
  editEveryMs: 500,
  commandPrefix: '/',
}
/** Feishu remembers ids of messages for an hour. */
const REMEMBERED_MS = 55 * 60_000

export interface FeishuPlatformOptions {
  readonly client: FeishuClient
  readonly bot: FeishuBot
  /** Whether events can come in now. */
  readonly isListening: () => boolean
  readonly clock: Clock
}

/** Feishu as the gateway uses it once it is connected. */
export function createFeishuPlatform({ client, bot, isListening, clock }: FeishuPlatformOptions): Platform {
  const send = async (message: OutboundMessage, signal: AbortSignal) => {
    checkLength(message.text)
    return sendMessage(client, message, signal)
  }
  return {
    account: bot.openId,
    capabilities: CAPABILITIES,
    send,

    async find(message, signal) {
      // Sent again it arrives if it had not, and is the same message if it had; but only while Feishu knows its id.
      if (clock.now() - madeAt(message.id) < REMEMBERED_MS) return send(message, signal)
      throw new PlatformError('unknown_outcome', 'Feishu no longer knows the ids of messages of that time.')
    },

    async edit(_, messageId, text, signal) {
      checkLength(text)
      const change = (content: string) =>
        client.call({ method: 'PATCH', path: `im/v1/messages/${encodeURIComponent(messageId)}`, data: { content }, isRepeatable: true, signal })
      await change(markdownCard(text)).catch((error: PlatformError) => (error.code === 'bad_format' ? change(plainCard(text)) : Promise.reject(error)))
    },

    react: (_, messageId, emoji, signal) => setReaction(client, { messageId, emoji, appId: bot.appId }, signal),

    async download({ ref, size }, { maxBytes }, signal) {
      if (size !== undefined && size > maxBytes) throw tooLarge(maxBytes)
      const path = `im/v1/messages/${encodeURIComponent(String(ref.messageId))}/resources/${encodeURIComponent(String(ref.key))}`
      const request = { method: 'GET', path, params: { type: String(ref.type) }, responseType: 'stream', isRepeatable: true, signal } as const
      return readAtMost(await client.call<Readable>(request), maxBytes)
    },

    async probe(signal) {
      await client.call({ method: 'GET', path: 'bot/v3/info', isRepeatable: true, signal })
      if (!isListening()) throw new PlatformError('connection_lost', 'The long connection to Feishu is closed.')
    },
  }
}

function checkLength(text: string): void {
  if (text.length > CAPABILITIES.maxLength) throw new PlatformError('too_long', `The text has ${text.length} characters, more than ${CAPABILITIES.maxLength}.`)
}

/** Our ids begin with the time at which they were made, in milliseconds. */
function madeAt(id: string): number {
  return Number.parseInt(id.slice(id.indexOf('_') + 1).slice(0, 12), 16) || 0
}

async function readAtMost(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      if (size > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    stream.destroy()
    throw error instanceof PlatformError ? error : new PlatformError('connection_lost', `The file could not be fetched: ${codeOf(error) ?? 'unknown reason'}.`)
  }
  return Buffer.concat(chunks)
}

function tooLarge(maxBytes: number): PlatformError {
  return new PlatformError('attachment_too_large', `The file has more than ${maxBytes} bytes.`)
}
