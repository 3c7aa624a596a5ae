import type { Socket } from 'node:net'
import type { MailServer, StoredMail } from './mail-server.ts'

const CAPABILITIES = 'IMAP4rev1 IDLE UIDPLUS'

/** One client of the IMAP server: enough of RFC 3501 and RFC 2177 for a client that reads an INBOX. */
export class ImapSession {
  readonly #server: MailServer
  readonly #socket: Socket
  #idling: string | undefined
  #rest = ''

  constructor(server: MailServer, socket: Socket) {
    this.#server = server
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#read(chunk))
    socket.on('error', () => {})
    this.#send(`* OK [CAPABILITY ${CAPABILITIES}] ready`)
  }

  /** Tells an idling client that something arrived. */
  announce(): void {
    if (this.#idling !== undefined) this.#send(`* ${this.#server.mails.length} EXISTS`)
  }

  #send(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\r\n`, 'latin1')
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\r\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#answer(line)
  }

  #answer(line: string): void {
    if (this.#idling !== undefined) {
      this.#send(`${this.#idling} OK IDLE done`)
      this.#idling = undefined
      return
    }
    const [, tag = '', command = '', rest = ''] = /^(\S+) (UID \S+|\S+) ?(.*)$/i.exec(line) ?? []
    const ok = (text = 'done') => this.#send(`${tag} OK ${text}`)
    if (this.#server.isMute) return
    switch (command.toUpperCase()) {
      case 'CAPABILITY':
        this.#send(`* CAPABILITY ${CAPABILITIES}`)
        return ok()
      case 'LOGIN':
        return rest.includes(this.#server.password) ? ok() : this.#send(`${tag} NO [AUTHENTICATIONFAILED] wrong password`)
      case 'NAMESPACE':
        this.#send('* NAMESPACE (("" "/")) NIL NIL')
        return ok()
      case 'LIST':
      case 'LSUB':
        this.#send(`* ${command.toUpperCase()} () "/" "INBOX"`)
        return ok()
      case 'SELECT':
        for (const part of ['FLAGS (\\Seen)', `${this.#server.mails.length} EXISTS`, '0 RECENT']) this.#send(`* ${part}`)
        for (const part of [`UIDVALIDITY ${this.#server.uidValidity}`, `UIDNEXT ${this.#server.nextUid}`, 'PERMANENTFLAGS (\\Seen \\*)'])
          this.#send(`* OK [${part}] said`)
        return ok('[READ-WRITE] selected')
      case 'UID SEARCH':
        this.#send(`* SEARCH ${this.#search(rest).join(' ')}`.trimEnd())
        return ok()
      case 'UID FETCH':
        this.#fetch(rest)
        return ok()
      case 'UID STORE':
        for (const mail of this.#range(rest)) mail.isSeen = true
        return ok()
      case 'IDLE':
        this.#idling = tag
        return this.#send('+ idling')
      case 'LOGOUT':
        this.#send('* BYE')
        ok()
        return void this.#socket.end()
      default:
        return ok()
    }
  }

  #search(query: string): number[] {
    const id = /message-id"? "?(<[^>]+>)/i.exec(query)?.[1]
    const wanted =
      id === undefined ? (mail: StoredMail) => !mail.isSeen : (mail: StoredMail) => new RegExp(`^message-id: *${escape(id)}`, 'im').test(mail.source)
    return this.#server.mails.filter(wanted).map(({ uid }) => uid)
  }

  #range(rest: string): StoredMail[] {
    const uids = new Set((rest.split(' ')[0] ?? '').split(',').map(Number))
    return this.#server.mails.filter(({ uid }) => uids.has(uid))
  }

  #fetch(rest: string): void {
    for (const mail of this.#range(rest)) {
      const items = [`UID ${mail.uid}`]
      if (rest.includes('RFC822.SIZE')) items.push(`RFC822.SIZE ${mail.claimedSize ?? mail.source.length}`)
      const header = /BODY\.PEEK\[HEADER\.FIELDS \(([^)]*)\)\]/i.exec(rest)
      const part = /BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?/i.exec(rest)
      if (header) items.push(`BODY[HEADER.FIELDS (${header[1]})] ${literal(`${/^subject:.*$/im.exec(mail.source)?.[0] ?? ''}\r\n\r\n`)}`)
      if (part) items.push(part[1] === undefined ? `BODY[] ${literal(mail.source)}` : `BODY[]<0> ${literal(mail.source.slice(0, Number(part[2])))}`)
      this.#send(`* ${this.#server.mails.indexOf(mail) + 1} FETCH (${items.join(' ')})`)
    }
  }
}

const literal = (text: string) => `{${text.length}}\r\n${text}`
const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
