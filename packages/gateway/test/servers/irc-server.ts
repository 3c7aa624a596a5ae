import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A line that our client said. */
export interface IrcSaid {
  readonly messageId: string
  readonly target: string
  readonly text: string
}

interface IrcUser {
  nick: string
  isRegistered: boolean
  readonly capabilities: Set<string>
  readonly channels: Set<string>
}

const NAME = 'irc.test'

/** A small IRC server on loopback: registration, SASL PLAIN, channels, message ids and echoes by IRCv3. */
export class IrcServer implements AsyncDisposable {
  readonly said: IrcSaid[] = []
  /** What came from clients, line by line. */
  readonly lines: string[] = []
  readonly taken = new Set<string>()
  capabilities = 'message-tags account-tag echo-message server-time sasl=PLAIN'
  /** Asked from everybody. */
  password: string | undefined
  /** Asked by SASL. */
  accountPassword = 'nick-secret'
  /** Answers nothing. */
  isMute = false
  /** Closes every new connection at once. */
  isClosing = false
  /** Closes the connection after the next line that is said. */
  diesAfterSend = false
  readonly #server: Server
  readonly #users = new Map<Socket, IrcUser>()
  #connections = 0

  private constructor() {
    this.#server = createServer((socket) => this.#welcome(socket))
  }

  /** Listens; the caller disposes it. */
  static async start(): Promise<IrcServer> {
    const server = new IrcServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections open now. */
  get connections(): number {
    return this.#users.size
  }

  /** Connections there ever were. */
  get asked(): number {
    return this.#connections
  }

  /** Names and channels of those who are here. */
  get present(): readonly { readonly nick: string; readonly channels: readonly string[] }[] {
    return [...this.#users.values()].filter(({ isRegistered }) => isRegistered).map(({ nick, channels }) => ({ nick, channels: [...channels] }))
  }

  /** Somebody throws our client out of a channel. */
  kick(channel: string, reason = 'bye'): void {
    for (const [socket, { nick, channels }] of this.#users) if (channels.delete(channel)) socket.write(`:op!o@h KICK ${channel} ${nick} :${reason}\r\n`)
  }

  /** Somebody says something to our client, or in a channel; `account` when the network knows who that is. */
  say(
    target: string,
    text: string,
    { nick = 'ada', account, id = `i${Math.random()}` }: { readonly nick?: string; readonly account?: string; readonly id?: string } = {},
  ): void {
    const tags = [`msgid=${id}`, ...(account === undefined ? [] : [`account=${account}`])].join(';')
    this.write(`@${tags} :${nick}!~${nick}@host.example PRIVMSG ${target} :${text}`)
  }

  /** Writes a line to every client as it stands. */
  write(line: string): void {
    for (const socket of this.#users.keys()) socket.write(`${line}\r\n`)
  }

  /** Cuts all connections. */
  drop(): void {
    for (const socket of this.#users.keys()) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.drop()
    await once(this.#server, 'close')
  }

  #welcome(socket: Socket): void {
    const user: IrcUser = { nick: '', isRegistered: false, capabilities: new Set(), channels: new Set() }
    this.#users.set(socket, user)
    this.#connections += 1
    if (this.isClosing) socket.destroy()
    let rest = ''
    let isNegotiating = false
    let hasPassword = false
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.once('close', () => this.#users.delete(socket))
    const send = (line: string) => socket.write(`:${NAME} ${line}\r\n`)
    const register = () => {
      if (user.isRegistered || isNegotiating || user.nick === '') return
      if (this.password !== undefined && !hasPassword) return send('464 * :Password incorrect')
      user.isRegistered = true
      send(`001 ${user.nick} :Welcome`)
      send(`005 ${user.nick} CHANTYPES=# CASEMAPPING=rfc1459 :are supported`)
    }
    const handle = (line: string) => {
      this.lines.push(line)
      if (this.isMute) return
      const [, command = '', first = '', second = ''] = /^(\S+) ?(\S*) ?(.*)$/.exec(line) ?? []
      const text = second.replace(/^:/, '')
      if (command === 'CAP' && first === 'LS') {
        isNegotiating = true
        send(`CAP * LS :${this.capabilities}`)
      } else if (command === 'CAP' && first === 'REQ') {
        for (const name of text.split(' ')) user.capabilities.add(name)
        send(`CAP * ACK :${text}`)
      } else if (command === 'CAP' && first === 'END') {
        isNegotiating = false
        register()
      } else if (command === 'AUTHENTICATE') {
        if (first === 'PLAIN') return void socket.write('AUTHENTICATE +\r\n')
        const [, account = '', password] = Buffer.from(first, 'base64').toString().split('\0')
        send(password === this.accountPassword ? `900 * * ${account} :You are now logged in` : '904 * :SASL authentication failed')
      } else if (command === 'PASS') hasPassword = first.replace(/^:/, '') === this.password
      else if (command === 'NICK') {
        if (this.taken.has(first)) return send(`433 * ${first} :Nickname is already in use`)
        user.nick = first
        register()
      } else if (command === 'PING') send(`PONG ${NAME} :${first.replace(/^:/, '')}`)
      else if (command === 'JOIN') {
        if (first.startsWith('#closed')) return send(`473 ${user.nick} ${first} :Cannot join channel (+i)`)
        user.channels.add(first)
        socket.write(`:${user.nick}!u@h JOIN ${first}\r\n`)
      } else if (command === 'PRIVMSG') this.#take(socket, user, { target: first, text })
      else if (command === 'QUIT') socket.end()
    }
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n')
      rest = lines.pop() ?? ''
      lines.forEach(handle)
    })
  }

  #take(socket: Socket, user: IrcUser, { target, text }: { readonly target: string; readonly text: string }): void {
    const refuse = (line: string) => void socket.write(`:${NAME} ${line}\r\n`)
    if (target === 'nobody') return refuse(`401 ${user.nick} ${target} :No such nick/channel`)
    if (target === '#moderated') return refuse(`404 ${user.nick} ${target} :Cannot send to channel`)
    const messageId = `said-${this.said.length + 1}`
    this.said.push({ messageId, target, text })
    if (this.diesAfterSend) return void socket.destroy()
    if (user.capabilities.has('echo-message')) socket.write(`@msgid=${messageId} :${user.nick}!u@h PRIVMSG ${target} :${text}\r\n`)
  }
}
