import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import type { FakeAnswer } from './fake-answer.ts'
import { chatWire, messagesWire, responsesWire, type Wire } from './wires.ts'

/** A request as the fake provider received it. */
export interface ReceivedRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: any
}

/** A server that speaks the APIs of OpenAI (chat completions and responses) and Anthropic (messages), over real HTTP. */
export interface FakeProvider extends AsyncDisposable {
  /** Its base URL, `/v1` included. */
  readonly url: string
  readonly port: number
  /** Everything it was asked, oldest first. */
  readonly requests: readonly ReceivedRequest[]
  /** Connections that are open now. */
  readonly openConnections: number
  /** Connections there ever were. */
  readonly connections: number
  /** Answers of the next requests, one each; without any it says `ok`. */
  queue(...answers: readonly FakeAnswer[]): void
}

/** Starts a fake provider on a free port of this machine. */
export async function startFakeProvider(): Promise<FakeProvider> {
  const requests: ReceivedRequest[] = []
  const answers: FakeAnswer[] = []
  const sockets = new Set<Socket>()
  let connections = 0

  const app = new Hono<{ Bindings: { incoming: IncomingMessage; outgoing: ServerResponse } }>()
  const wires: Readonly<Record<string, Wire>> = { '/v1/chat/completions': chatWire, '/v1/responses': responsesWire, '/v1/messages': messagesWire }
  for (const [path, wire] of Object.entries(wires)) {
    app.post(path, async (c) => {
      const body = await c.req.json<{ model: string }>()
      requests.push({ path, headers: c.req.header(), body })
      await send(c.env.outgoing, answers.shift() ?? { text: ['ok'] }, (answer) => wire(answer, body.model))
      return RESPONSE_ALREADY_SENT
    })
  }
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as unknown as Server
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket.once('close', () => sockets.delete(socket)))
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    requests,
    get openConnections() {
      return sockets.size
    },
    get connections() {
      return connections
    },
    queue: (...more) => void answers.push(...more),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function send(response: ServerResponse, answer: FakeAnswer, framesOf: (answer: FakeAnswer) => readonly string[]): Promise<void> {
  const { status = 200, headers = {}, headersDelayMs = 0, firstTokenDelayMs = 0, stallAfter, dropAfter, malformedAfter } = answer
  await sleep(headersDelayMs)
  if (status !== 200) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify({ type: 'error', error: { type: 'server_error', message: 'no', ...answer.error } }))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
  await sleep(firstTokenDelayMs)
  for (const [index, frame] of framesOf(answer).entries()) {
    if (index === stallAfter) return
    if (index === dropAfter) return void response.socket?.destroy()
    if (index === malformedAfter) response.write('data: {"this is not\n\n')
    response.write(frame)
    // A frame a packet, as a model that thinks sends them.
    await sleep(1)
  }
  if (answer.endDelayMs) await sleep(answer.endDelayMs)
  response.end()
}
