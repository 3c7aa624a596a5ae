import type { AddressInfo, Server, Socket } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

/** A recording as the server received it. */
export interface ReceivedRecording {
  readonly authorization: string | undefined
  readonly model: string
  readonly fileName: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** A server that speaks OpenAI's `POST /v1/audio/transcriptions`, over real HTTP. */
export interface TranscriptionServer extends AsyncDisposable {
  /** Its base URL, `/v1` included. */
  readonly url: string
  /** Everything it was given, oldest first. */
  readonly recordings: readonly ReceivedRecording[]
  /** Connections that are open now. */
  readonly openConnections: number
  /** Every recording is refused from now on. */
  refuse(status: number, message: string): void
  /** Nothing is answered from now on. */
  hang(): void
}

/** Starts a transcription server on a free port of this machine; it hears the bytes of a recording as UTF-8. */
export async function startTranscriptionServer(): Promise<TranscriptionServer> {
  const recordings: ReceivedRecording[] = []
  const sockets = new Set<Socket>()
  let refusal: { readonly status: number; readonly message: string } | undefined
  let isHanging = false

  const app = new Hono().post('/v1/audio/transcriptions', async (c) => {
    const form = await c.req.formData()
    const file = form.get('file') as File
    const bytes = await file.bytes()
    recordings.push({
      authorization: c.req.header('authorization'),
      model: form.get('model') as string,
      fileName: file.name,
      mediaType: file.type,
      bytes,
    })
    if (isHanging) await new Promise<never>(() => {})
    if (refusal) return Response.json({ error: { message: refusal.message, type: 'invalid_request_error' } }, { status: refusal.status })
    return c.json({ text: ` ${new TextDecoder().decode(bytes)} ` })
  })
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as unknown as Server
  server.on('connection', (socket: Socket) => sockets.add(socket.once('close', () => sockets.delete(socket))))
  await new Promise((resolve) => server.once('listening', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    recordings,
    get openConnections() {
      return sockets.size
    },
    refuse: (status, message) => void (refusal = { status, message }),
    hang: () => void (isHanging = true),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
