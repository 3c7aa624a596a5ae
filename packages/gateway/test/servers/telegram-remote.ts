import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@talaria/core/config'
import { telegram } from '../../src/platforms/telegram/telegram.ts'
import type { Remote, RemoteFault, RemoteMessage } from '../platform-contract.ts'
import { TelegramServer, type TelegramFault } from './telegram-server.ts'

const OUTAGES: Readonly<Record<Exclude<RemoteFault, 'dies_after_send'>, TelegramFault>> = {
  unavailable: { kind: 'html', status: 503 },
  unauthorised: { kind: 'refuse', status: 401, description: 'Unauthorized' },
  hangs: { kind: 'hang' },
  rate_limits: { kind: 'refuse', status: 429, description: 'Too Many Requests: retry after 3', parameters: { retry_after: 3 } },
}
const REDELIVER_MS = 50

/** Telegram for the contract of platforms: asked by the bot, or delivering to its webhook. */
export async function startTelegramRemote(mode: 'polling' | 'webhook'): Promise<Remote> {
  const server = await TelegramServer.start()
  const env = mode === 'polling' ? server.env : { ...server.env, ...(await webhookEnv()) }
  const settings = await loadSettings(telegram.settings, { env, home: join(tmpdir(), 'a-home-that-is-not-there') })
  let files = 0
  let isOver = false

  /** As Telegram does: again and again, until it is taken. */
  const deliver = async () => {
    while (!isOver && server.webhook && server.pending.length > 0) {
      await server.deliver().catch(() => {})
      if (server.pending.length > 0) await new Promise((resolve) => setTimeout(resolve, REDELIVER_MS))
    }
  }

  return {
    definition: telegram,
    settings,
    chat: { chatId: '42', threadId: '' },
    say(text, file) {
      const id = `file-${files++}`
      if (file) server.files.set(id, { path: `documents/${file.name}`, bytes: file.bytes })
      const document = file && { file_id: id, file_unique_id: id, file_name: file.name, file_size: file.bytes.length }
      server.queue(file ? { caption: text, document: document! } : { text })
      void deliver()
    },
    acknowledged: () => server.confirmed,
    sent: () => server.messages.map((message) => remoteMessageOf(server, message.id)),
    typings: () => server.calls.filter(({ method }) => method === 'sendChatAction').length,
    fail(fault) {
      if (fault !== 'dies_after_send') server.outage = OUTAGES[fault]
      else server.fail('sendMessage', { kind: 'cut' })
    },
    heal() {
      server.outage = undefined
    },
    drop: () => server.drop(),
    asked: () => server.asked,
    async [Symbol.asyncDispose]() {
      isOver = true
      await server[Symbol.asyncDispose]()
    },
  }
}

function remoteMessageOf(server: TelegramServer, id: number): RemoteMessage {
  const { parameters } = server.messages.find((message) => message.id === id)!
  const { text, caption } = parameters
  const [reaction] = (server.reactions.get(`${String(parameters.chat_id)}/${id}`) ?? []) as { emoji: string }[]
  const files = (['photo', 'voice', 'audio', 'video', 'document'] as const)
    .map((kind) => parameters[kind] as RemoteMessage['files'][number] | undefined)
    .filter((file) => file !== undefined)
  return { messageId: String(id), text: (text ?? caption) as string, reaction: reaction?.emoji, files }
}

async function webhookEnv(): Promise<Record<string, string>> {
  await using free = await TelegramServer.start()
  const port = String(free.port)
  return { TELEGRAM_WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, TELEGRAM_WEBHOOK_PORT: port, TELEGRAM_WEBHOOK_SECRET: 'a-secret-of-the-webhook_1' }
}
