import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FeishuServer, KeptFeishuMessage } from './feishu-server.ts'

/** A request to the open platform. */
export interface FeishuCallReceived {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What is answered: JSON, or the bytes of a file. */
export interface FeishuAnswer {
  readonly status: number
  readonly body: object
}

const MAX_CARD_BYTES = 30_000
const done = (data: object = {}, more: object = {}): FeishuAnswer => ({ status: 200, body: { code: 0, msg: 'success', data, ...more } })
const refuse = (code: number, msg: string, status = 400): FeishuAnswer => ({ status, body: { code, msg } })

/** What the server does for a call. */
export async function answerFeishuCall(server: FeishuServer, call: FeishuCallReceived): Promise<FeishuAnswer> {
  const path = call.url.pathname.replace('/open-apis/', '')
  const json = () => JSON.parse(call.body.toString()) as Record<string, unknown>
  if (path === 'auth/v3/tenant_access_token/internal') return giveToken(server, json())
  if (!server.tokens.has((call.headers.authorization ?? '').replace('Bearer ', ''))) return refuse(99991663, 'Invalid access token for authorization.')
  if (path === 'bot/v3/info') return done({}, { bot: { activate_status: 2, app_name: 'Talaria', open_id: server.openId } })
  if (path === 'im/v1/images' || path === 'im/v1/files') return keepFile(server, call)
  const [, id = '', rest = ''] = /^im\/v1\/messages(?:\/([^/]+))?(?:\/(.+))?$/.exec(path) ?? []
  if (!path.startsWith('im/v1/messages')) return refuse(99991404, 'not found', 404)
  if (id === '') return keepMessage(server, json(), { chatId: String(json().receive_id) })
  if (rest.startsWith('resources/')) return fileOf(server, rest.slice('resources/'.length))
  const message = server.messages.find((one) => one.id === id)
  if (!message && !server.heard.has(id)) return refuse(231003, 'The message is not found.')
  if (rest === 'reply') return keepMessage(server, json(), { replyTo: id })
  if (rest.startsWith('reactions')) return react(server, call, { messageId: id, reactionId: rest.split('/')[1] })
  if (call.method === 'GET')
    return done({ items: [{ message_id: id, sender: message ? { id: server.appId, sender_type: 'app' } : { id: 'ou_ada', sender_type: 'user' } }] })
  if (!message) return refuse(230001, 'not a message of the app')
  message.content = String(json().content)
  message.edits++
  return done()
}

function giveToken(server: FeishuServer, { app_id: id, app_secret: secret }: Record<string, unknown>): FeishuAnswer {
  if (id !== server.appId) return { status: 200, body: { code: 10003, msg: 'invalid app_id' } }
  if (secret !== server.appSecret) return { status: 200, body: { code: 10014, msg: 'app secret invalid' } }
  const token = `t-${randomBytes(8).toString('hex')}`
  server.tokens.add(token)
  return { status: 200, body: { code: 0, msg: 'ok', tenant_access_token: token, expire: 7200 } }
}

function keepMessage(server: FeishuServer, data: Record<string, unknown>, to: { chatId?: string; replyTo?: string }): FeishuAnswer {
  const { msg_type: type, content, uuid, reply_in_thread: inThread } = data as { msg_type: string; content: string; uuid?: string; reply_in_thread?: boolean }
  if (Buffer.byteLength(content) > MAX_CARD_BYTES) return refuse(230025, 'The length of the message content reaches its limit.')
  if ((uuid?.length ?? 0) > 50) return refuse(99992402, 'field validation failed')
  // The same id within an hour is the same message.
  const known = server.messages.find((one) => uuid !== undefined && one.uuid === uuid)
  const message: KeptFeishuMessage = known ?? {
    id: server.takeId('om'),
    type,
    content,
    uuid,
    chatId: to.chatId,
    replyTo: to.replyTo,
    inThread: inThread === true,
    edits: 0,
  }
  if (!known) server.messages.push(message)
  return done({ message_id: message.id })
}

async function keepFile(server: FeishuServer, { url, headers, body }: FeishuCallReceived): Promise<FeishuAnswer> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': headers['content-type'] ?? '' } }).formData()
  const isImage = url.pathname.endsWith('images')
  const file = form.get(isImage ? 'image' : 'file')
  if (!(file instanceof File)) return refuse(234001, 'Invalid request param.')
  const key = server.takeId(isImage ? 'img' : 'file')
  server.files.set(key, { name: (form.get('file_name') as string | null) ?? file.name, bytes: new Uint8Array(await file.arrayBuffer()) })
  return done(isImage ? { image_key: key } : { file_key: key })
}

function fileOf(server: FeishuServer, key: string): FeishuAnswer {
  const file = server.files.get(key)
  return file ? { status: 200, body: file.bytes } : refuse(234003, 'File not in msg.')
}

function react(
  server: FeishuServer,
  { method, body }: FeishuCallReceived,
  { messageId, reactionId }: { messageId: string; reactionId: string | undefined },
): FeishuAnswer {
  if (method === 'GET') {
    const ofMessage = server.reactions.filter((one) => one.messageId === messageId)
    return done({ items: ofMessage.map((one) => ({ reaction_id: one.id, operator: { operator_id: one.operator }, reaction_type: { emoji_type: one.emoji } })) })
  }
  if (method === 'DELETE') {
    const at = server.reactions.findIndex((one) => one.id === reactionId)
    if (at === -1) return refuse(231003, 'The reaction is not found.')
    server.reactions.splice(at, 1)
    return done()
  }
  const { reaction_type: type } = JSON.parse(body.toString()) as { reaction_type: { emoji_type: string } }
  server.reactions.push({ id: server.takeId('r'), messageId, emoji: type.emoji_type, operator: server.appId })
  return done()
}
