import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { SendMailOptions } from 'nodemailer'
import type { OutboundAttachment } from '../../chats/outbound-message.ts'
import { PlatformError } from '../platform-error.ts'
import { emailErrorOf } from './email-error.ts'

const TIMEOUT_MS = 30_000

export interface MailSenderOptions {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly isEncrypted: boolean
}

/** Hands mail over to an SMTP server, on a connection for each message that ends with it or with its signal. */
export class MailSender {
  readonly #options: MailSenderOptions

  constructor(options: MailSenderOptions) {
    this.#options = options
  }

  /** @throws PlatformError; `unknown_outcome` when the message was on its way and no answer came */
  async send(mail: SendMailOptions & { readonly files: readonly OutboundAttachment[] }, signal: AbortSignal): Promise<void> {
    const { files, ...rest } = mail
    const attachments = await Promise.all(
      files.map(async ({ path, name, mediaType }) => ({ filename: name, contentType: mediaType, content: await readFile(path) })),
    )
    let hasLeft = false
    try {
      await this.#with(signal, (transport) => {
        transport.use('stream', ({ message }, done) => {
          // Its end is read only when the server has said that it takes the message.
          message.transform(() => new PassThrough({ flush: (end) => end(void (hasLeft = true)) }))
          done()
        })
        return transport.sendMail({ ...rest, attachments, disableFileAccess: true, disableUrlAccess: true })
      })
    } catch (error) {
      throw emailErrorOf(error, 'SMTP', hasLeft)
    }
  }

  /** Logs in and out again. @throws PlatformError */
  async verify(signal: AbortSignal): Promise<void> {
    await this.#with(signal, (transport) => transport.verify()).catch((error: unknown) => {
      throw emailErrorOf(error, 'SMTP')
    })
  }

  async #with(signal: AbortSignal, work: (transport: import('nodemailer').Transporter) => Promise<unknown>): Promise<void> {
    const { host, port, user, password, isEncrypted } = this.#options
    const { createTransport } = await import('nodemailer')
    signal.throwIfAborted()
    // The socket is ours, so that it can be closed whatever the library waits for.
    const socket = port === 465 && isEncrypted ? connectTls({ host, port, servername: host }) : connect({ host, port })
    const abort = () => void socket.destroy(new PlatformError('timeout', 'SMTP: given up.'))
    signal.addEventListener('abort', abort, { once: true })
    socket.on('error', () => {})
    try {
      await connected(socket, port === 465 && isEncrypted)
      await work(
        createTransport({
          host,
          port,
          secure: port === 465 && isEncrypted,
          ...(isEncrypted ? { requireTLS: port !== 465 } : { ignoreTLS: true }),
          auth: { user, pass: password },
          greetingTimeout: TIMEOUT_MS,
          socketTimeout: TIMEOUT_MS,
          getSocket: (_, done) => done(null, { connection: socket, secured: port === 465 && isEncrypted }),
        }),
      )
    } finally {
      signal.removeEventListener('abort', abort)
      socket.destroy()
    }
  }
}

async function connected(socket: Socket, isTls: boolean): Promise<void> {
  await once(socket, isTls ? 'secureConnect' : 'connect')
}
