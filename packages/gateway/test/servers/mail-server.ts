import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
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
  readonly messageId: string
  readonly text: string
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** An account on loopback: an INBOX by IMAP, and SMTP that keeps what it is given. Both without encryption. */
export class MailServer implements AsyncDisposable {
  password = 'a-password-of-ours'
  readonly mails: StoredMail[] = []
  readonly sent: SentMail[] = []
  uidValidity = 7
  nextUid = 1
  /** Connections to SMTP there ever were. */
  asked = 0
  /** Closes every new connection at once. */
  isClosing = false
  /** Answers nothing. */
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
      onConnect: (_, done) => {
        if (!this.isMute) done()
      },
      onAuth: ({ password }, _, done) => (password === this.password ? done(null, { user: 'agent' }) : done(failure(535, 'wrong password'))),
      onRcptTo: (_, __, done) => done(this.refusal && failure(this.refusal.status, this.refusal.text)),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => void this.#keep(Buffer.concat(chunks), session).then(() => (this.diesAfterData ? this.#cutSmtp() : done())))
      },
    })
    this.#smtp.on('error', () => {})
    this.#smtp.server.on('connection', (socket: Socket) => {
      this.asked += 1
      if (this.isClosing) socket.destroy()
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
    const mail: StoredMail = {
      uid: this.nextUid++,
      source: source.replaceAll(/\r?\n/g, '\r\n'),
      ...(claimedSize !== undefined && { claimedSize }),
      isSeen: false,
    }
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
    await Promise.all([once(this.#imap, 'close'), new Promise<void>((resolve) => this.#smtp.close(resolve))])
  }

  #cutSmtp(): void {
    for (const socket of this.#smtpSockets) socket.destroy()
  }

  async #keep(bytes: Buffer, { envelope: { mailFrom, rcptTo } }: SMTPServerSession): Promise<void> {
    const { messageId = '', text = '', attachments } = await simpleParser(bytes)
    this.sent.push({
      from: mailFrom ? mailFrom.address : '',
      to: rcptTo.map(({ address }) => address),
      source: bytes.toString('latin1'),
      messageId,
      text: text.trim(),
      files: attachments.map(({ filename = '', content }) => ({ name: filename, bytes: content })),
    })
  }
}

const failure = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode })
