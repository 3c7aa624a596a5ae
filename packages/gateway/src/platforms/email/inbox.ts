import { startLoop, type Loop } from '@talaria/core'
import type { FetchMessageObject, ImapFlow, ImapFlowOptions } from 'imapflow'
import type { ParsedMail } from 'mailparser'
import type { ConnectContext } from '../definition.ts'
import { PlatformError } from '../platform-error.ts'
import { emailErrorOf } from './email-error.ts'
import type { MailPlace } from './inbound-mail.ts'

/** Of larger messages only the beginning is read: words, but no files. */
const MAX_BYTES = 30 * 1024 * 1024
const BEGINNING_BYTES = 256 * 1024
/** Servers tell us at once; this is for those that forget to. */
const LOOK_EVERY_MS = 60_000

export interface InboxOptions {
  readonly connection: Pick<ImapFlowOptions, 'host' | 'port' | 'secure' | 'doSTARTTLS' | 'auth'>
  /** Takes one message in; it is marked as seen only when this resolves. */
  readonly take: (mail: ParsedMail, place: MailPlace) => Promise<void>
  readonly context: ConnectContext
}

/** The INBOX of the agent's account: what is unseen there has not been taken in yet. */
export class Inbox {
  readonly #client: ImapFlow
  readonly #options: InboxOptions

  private constructor(client: ImapFlow, options: InboxOptions) {
    this.#client = client
    this.#options = options
  }

  /** Logs in, takes in what waits and what comes; all of it is on the context's resources. @throws PlatformError */
  static async open(options: InboxOptions): Promise<Inbox> {
    const { context, connection } = options
    const { ImapFlow: Client } = await import('imapflow')
    const client = new Client({
      ...connection,
      logger: false,
      autoIdleDelay: 100,
      connectionTimeout: 20_000,
      greetingTimeout: 10_000,
      maxLiteralSize: 2 * MAX_BYTES,
    })
    context.resources.defer(() => client.close())
    // Also before it is connected: an error without a listener ends the process.
    client.on('error', (error) => context.lost(emailErrorOf(error, 'IMAP')))
    client.on('close', () => context.lost(new PlatformError('connection_lost', 'The IMAP server closed the connection.')))
    try {
      await client.connect()
      await client.mailboxOpen('INBOX')
    } catch (error) {
      throw emailErrorOf(error, 'IMAP')
    }
    const inbox = new Inbox(client, options)
    const loop: Loop = context.resources.use(
      startLoop({ name: 'inbox', everyMs: LOOK_EVERY_MS, clock: context.clock, log: context.log, step: (signal) => inbox.#takeUnseen(signal) }),
    )
    client.on('exists', () => loop.wake())
    return inbox
  }

  /** The subject of a message that is here. */
  async subjectOf(messageId: string): Promise<string | undefined> {
    const found = await this.#client.search({ header: { 'message-id': messageId } }, { uid: true })
    const uid = found ? found.at(-1) : undefined
    if (uid === undefined) return undefined
    const message = await this.#client.fetchOne(String(uid), { headers: ['subject'] }, { uid: true })
    const { simpleParser } = await import('mailparser')
    return message && message.headers ? (await simpleParser(message.headers)).subject : undefined
  }

  /** A message that was here. @throws PlatformError `message_not_found` */
  async read({ uidValidity, uid }: MailPlace): Promise<ParsedMail> {
    const message = this.#validity === uidValidity ? await this.#client.fetchOne(String(uid), { source: true }, { uid: true }) : false
    if (!message || !message.source) throw new PlatformError('message_not_found', 'The message is in the mailbox no more.')
    return parse(message.source)
  }

  /** Asks the server whether it is there. */
  async probe(): Promise<void> {
    await this.#client.noop()
    if (!this.#client.usable) throw new PlatformError('connection_lost', 'The connection to the IMAP server is gone.')
  }

  get #validity(): string {
    return this.#client.mailbox ? String(this.#client.mailbox.uidValidity) : ''
  }

  async #takeUnseen(signal: AbortSignal): Promise<void> {
    const unseen = await this.#client.search({ seen: false }, { uid: true })
    for (const uid of unseen || []) {
      signal.throwIfAborted()
      const message = await this.#fetch(uid)
      const mail = message?.source && (await this.#parse(message.source, uid))
      if (mail) await this.#options.take(mail, { uidValidity: this.#validity, uid })
      await this.#client.messageFlagsAdd(String(uid), ['\\Seen'], { uid: true })
    }
  }

  async #fetch(uid: number): Promise<FetchMessageObject | undefined> {
    const head = await this.#client.fetchOne(String(uid), { size: true }, { uid: true })
    if (!head) return undefined
    const source = (head.size ?? 0) > MAX_BYTES ? { start: 0, maxLength: BEGINNING_BYTES } : true
    return (await this.#client.fetchOne(String(uid), { source }, { uid: true })) || undefined
  }

  /** One message that nobody can read does not keep the others waiting. */
  async #parse(source: Buffer, uid: number): Promise<ParsedMail | undefined> {
    try {
      return await parse(source)
    } catch (error) {
      this.#options.context.log.warn({ err: error, uid }, 'a message that cannot be read was left out')
      return undefined
    }
  }
}

async function parse(source: Buffer): Promise<ParsedMail> {
  const { simpleParser } = await import('mailparser')
  return simpleParser(source, { skipImageLinks: true, maxHtmlLengthToParse: 2_000_000 })
}
