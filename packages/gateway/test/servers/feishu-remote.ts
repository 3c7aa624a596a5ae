import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@talaria/core/config'
import { feishu } from '../../src/platforms/feishu/feishu.ts'
import type { Remote, RemoteFault, RemoteMessage } from '../platform-contract.ts'
import { FeishuServer, type FeishuFault, type KeptFeishuMessage } from './feishu-server.ts'

const OUTAGES: Readonly<Record<Exclude<RemoteFault, 'dies_after_send'>, FeishuFault>> = {
  unavailable: { kind: 'html', status: 503 },
  unauthorised: { kind: 'refuse', status: 200, code: 10014, msg: 'app secret invalid' },
  hangs: { kind: 'hang' },
  rate_limits: { kind: 'refuse', status: 429, code: 99991400, msg: 'request trigger frequency limit', headers: { 'x-ogw-ratelimit-reset': '3' } },
}
const REDELIVER_MS = 50

/** Feishu for the contract of platforms: through a long connection, or delivering to a webhook. */
export async function startFeishuRemote(mode: 'websocket' | 'webhook'): Promise<Remote> {
  const server = await FeishuServer.start()
  const port = await freePort()
  if (mode === 'webhook') server.webhookUrl = `http://127.0.0.1:${port}/hook`
  const webhook = {
    FEISHU_CONNECTION_MODE: 'webhook',
    FEISHU_ENCRYPT_KEY: server.encryptKey,
    FEISHU_VERIFICATION_TOKEN: server.verificationToken,
    FEISHU_WEBHOOK_PORT: String(port),
  }
  const env = mode === 'webhook' ? { ...server.env, ...webhook } : server.env
  const settings = await loadSettings(feishu.settings, { env, home: join(tmpdir(), 'a-home-that-is-not-there') })
  let isOver = false

  const deliver = async () => {
    while (!isOver && server.webhookUrl !== undefined && server.pending.length > 0) {
      await server.deliver().catch(() => {})
      if (server.pending.length > 0) await new Promise((resolve) => setTimeout(resolve, REDELIVER_MS))
    }
  }

  return {
    definition: feishu,
    settings,
    chat: { chatId: 'oc_1', threadId: '' },
    say(text, file) {
      const key = server.takeId('file')
      if (file) server.files.set(key, file)
      server.say(file ? { message_type: 'file', content: JSON.stringify({ file_key: key, file_name: file.name }) } : { content: JSON.stringify({ text }) })
      void deliver()
    },
    acknowledged: () => server.confirmed,
    sent: () => remoteMessages(server),
    typings: () => 0,
    fail(fault) {
      if (fault !== 'dies_after_send') server.outage = OUTAGES[fault]
      else server.fail(/^POST .*messages/, { kind: 'cut' })
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

/** What people see: the words of cards, and files as messages of their own. */
function remoteMessages(server: FeishuServer): RemoteMessage[] {
  return server.messages.map((message) => ({
    messageId: message.id,
    text: wordsOf(message),
    reaction: server.reactions.find(({ messageId }) => messageId === message.id)?.emoji,
    files: filesOf(server, message),
  }))
}

function wordsOf({ type, content }: KeptFeishuMessage): string {
  if (type !== 'interactive') return ''
  const { body } = JSON.parse(content) as { body: { elements: { content?: string; text?: { content: string } }[] } }
  return body.elements.map((element) => element.content ?? element.text?.content).join('\n')
}

function filesOf(server: FeishuServer, { type, content }: KeptFeishuMessage): RemoteMessage['files'] {
  if (type === 'interactive') return []
  const { image_key: image, file_key: file } = JSON.parse(content) as { image_key?: string; file_key?: string }
  return [server.files.get(image ?? file ?? '')!]
}

async function freePort(): Promise<number> {
  await using free = await FeishuServer.start()
  return free.port
}
