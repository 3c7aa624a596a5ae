import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { ImapSession } from './mail-imap-session.ts'

/** A message in the mailbox, as bytes in latin1. */
export interface StoredMail {
  readonly uid: number
  readonly source: string
  /** What the server says of its size, when that is not the truth. */
  readonly claimedSize?: number
  isSeen: boolean
}

/** A message that was handed over to be sent. */
export interface SentMail {
  readonly from: string
  readonly to: readonly string[]
  readonly source: string
}

/** An account on loopback: an INBOX by IMAP, and SMTP that keeps what it is given. Both without encryption. */
export class MailServer implements AsyncDisposable {
  readonly password = 'a-password-of-ours'
  readonly mails: StoredMail[] = []
  readonly sent: SentMail[] = []
  uidValidity = 7
  nextUid = 1
  /** IMAP answers nothing. */
  isMute = false
  /** What SMTP answers to recipients. */
  refusal: { readonly status: number; readonly text: string } | undefined
  /** SMTP takes the message and then closes the connection instead of answering. */
  diesAfterData = false
  readonly #imap: Server
  readonly #smtp: SMTPServer
  readonly #sessions = new Map<Socket, ImapSession>()
  readonly #smtpSockets = new Set<Socket>()

  private constructor() {
    this.#imap = createServer((socket) => {
      this.#sessions.set(socket, new ImapSession(this, socket))
      socket.once('close', () => this.#sessions.delete(socket))
    })
    this.#smtp = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      // It would ask DNS for the name of loopback, for half a second.
      disableReverseLookup: true,
      onAuth: ({ password }, _, done) => (password === this.password ? done(null, { user: 'agent' }) : done(failure(535, 'wrong password'))),
      onRcptTo: (_, __, done) => done(this.refusal && failure(this.refusal.status, this.refusal.text)),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope
          this.sent.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address), source: Buffer.concat(chunks).toString('latin1') })
          if (this.diesAfterData) return this.#smtpSockets.forEach((socket) => socket.destroy())
          done()
        })
      },
    })
    this.#smtp.on('error', () => {})
    this.#smtp.server.on('connection', (socket: Socket) => {
      this.#smtpSockets.add(socket)
      socket.once('close', () => this.#smtpSockets.delete(socket))
    })
  }

  /** Listens; the caller disposes it. */
  static async start(): Promise<MailServer> {
    const server = new MailServer()
    server.#imap.listen(0, '127.0.0.1')
    await once(server.#imap, 'listening')
    server.#smtp.listen(0, '127.0.0.1')
    await once(server.#smtp.server, 'listening')
    return server
  }

  get imapPort(): number {
    return (this.#imap.address() as AddressInfo).port
  }

  get smtpPort(): number {
    return (this.#smtp.server.address() as AddressInfo).port
  }

  /** Connections open now, of both protocols. */
  get connections(): number {
    return this.#sessions.size + this.#smtpSockets.size
  }

  /** A message arrives; lines may end as they like. */
  deliver(source: string, claimedSize?: number): StoredMail {
    const mail: StoredMail = { uid: this.nextUid++, source: source.replaceAll(/\r?\n/g, '\r\n'), ...(claimedSize !== undefined && { claimedSize }), isSeen: false }
    this.mails.push(mail)
    for (const session of this.#sessions.values()) session.announce()
    return mail
  }

  /** Cuts all connections. */
  drop(): void {
    for (const socket of [...this.#sessions.keys(), ...this.#smtpSockets]) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#imap.close()
    this.drop()
    await new Promise<void>((resolve) => this.#smtp.close(resolve))
    if (this.#imap.listening) await once(this.#imap, 'close')
  }
}

const failure = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode })
