import type { Client, IrcEvents } from 'irc-framework'
import { createId } from '@talaria/core'
import type { SettingsOf } from '@talaria/core/config'
import type { ConnectContext } from '../definition.ts'
import { PlatformError } from '../platform-error.ts'
import { inboundOfIrc } from './inbound-irc.ts'
import { IrcChannels } from './irc-channels.ts'
import { ircClosed, ircRefusal, ircRejection } from './irc-error.ts'
import type { ircSettings } from './irc-settings.ts'
import { LinePacer } from './line-pacer.ts'

const NICKS_TRIED = 3

/** A registered connection to an IRC server; it belongs to the context it was opened with. */
export class IrcConnection {
  readonly #client: Client
  readonly #context: ConnectContext
  readonly #pacer: LinePacer
  /** One message at a time, so that an error of the server is about the one that is being sent. */
  #sending: Promise<unknown> = Promise.resolve()

  private constructor(client: Client, context: ConnectContext) {
    this.#client = client
    this.#context = context
    this.#pacer = new LinePacer(context.clock)
  }

  /** Resolves once the server has registered us; channels are joined then. @throws PlatformError */
  static async open(settings: SettingsOf<typeof ircSettings>, context: ConnectContext): Promise<IrcConnection> {
    const { default: irc } = await import('irc-framework')
    const client = new irc.Client()
    context.resources.defer(() => close(client))
    const isLoggedIn = await register(client, settings, context)
    const connection = new IrcConnection(client, context)
    connection.#listen(settings.ircServer ?? '')
    if (settings.ircNickservPassword !== undefined && !isLoggedIn) client.raw('PRIVMSG', 'NickServ', `IDENTIFY ${settings.ircNickservPassword}`)
    new IrcChannels(client, settings.ircChannels, context).join()
    return connection
  }

  get nick(): string {
    return this.#client.user.nick
  }

  /**
   * Says lines, and resolves when the server has handled all of them: with its id of the first, where it tells us.
   * @throws PlatformError; `unknown_outcome` when lines left and no answer came
   */
  async say(target: string, lines: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const turn = this.#sending.then(() => this.#say(target, lines, signal))
    this.#sending = turn.catch(() => {})
    return turn
  }

  /** Resolves when the server has handled all that it was sent before. */
  async ping(signal: AbortSignal): Promise<void> {
    const token = createId('ping')
    await this.#during(
      'pong',
      (event, done) => event.message === token && done(undefined),
      signal,
      () => this.#client.raw('PING', token),
    )
  }

  async #say(target: string, lines: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    let messageId: string | undefined
    let refusal: PlatformError | undefined
    let hasLeft = false
    const onEcho = ({ nick, tags }: IrcEvents['privmsg']) => {
      if (this.#client.caseCompare(nick, this.nick)) messageId ??= tags.msgid
    }
    const onError = ({ error, reason = '' }: IrcEvents['irc error']) => void (refusal ??= ircRefusal(error, reason))
    this.#client.on('privmsg', onEcho).on('irc error', onError)
    try {
      for (const line of lines) {
        await this.#pacer.next(signal)
        if (!this.#client.connection.connected) throw new PlatformError('connection_lost', 'IRC: the connection is gone.')
        this.#client.raw('PRIVMSG', target, line)
        hasLeft = true
      }
      await this.ping(signal)
    } catch (error) {
      if (refusal) throw refusal
      throw hasLeft ? new PlatformError('unknown_outcome', 'IRC: lines were sent and the server did not answer.', { cause: error }) : error
    } finally {
      this.#client.removeListener('privmsg', onEcho).removeListener('irc error', onError)
    }
    if (refusal) throw refusal
    return messageId
  }

  #listen(server: string): void {
    const client = this.#client
    const context = this.#context
    let receiving: Promise<unknown> = Promise.resolve()
    client.on('privmsg', (event) => {
      if (event.from_server === true || event.batch !== undefined || client.caseCompare(event.nick, client.user.nick)) return
      const message = inboundOfIrc(event, { client, account: server, nowMs: context.clock.now() })
      receiving = receiving
        .then(() => context.receive(message))
        // The protocol has no acknowledgement: nobody will say it again.
        .catch((error: unknown) => context.log.error({ err: error, chat: message.address.chatId }, 'a line of IRC could not be taken in'))
    })
  }

  /** Waits for an event that settles it, and for the connection to end or the signal to abort; leaves no listener. */
  async #during<Name extends keyof IrcEvents, Result>(
    name: Name,
    look: (event: IrcEvents[Name], done: (result: Result) => void) => unknown,
    signal: AbortSignal,
    start: () => void,
  ): Promise<Result> {
    signal.throwIfAborted()
    if (!this.#client.connection.connected) throw new PlatformError('connection_lost', 'IRC: the connection is gone.')
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const onEvent = (event: IrcEvents[Name]) => void look(event, resolve)
    const onClose = (error: unknown) => reject(ircClosed(error, true))
    const onAbort = () => reject(new PlatformError('timeout', 'IRC: the server did not answer in time.'))
    this.#client.on(name, onEvent).on('socket close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      start()
      return await promise
    } finally {
      this.#client.removeListener(name, onEvent).removeListener('socket close', onClose)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

/** Resolves once we are registered, with whether SASL has logged us in. */
async function register(client: Client, settings: SettingsOf<typeof ircSettings>, context: ConnectContext): Promise<boolean> {
  const { ircServer: host = '', ircPort: port, ircUseTls: tls, ircNickname: nick, ircServerPassword, ircNickservPassword } = settings
  const registered = Promise.withResolvers<void>()
  let isRegistered = false
  let tried = 1
  const fail = (error: PlatformError) => (isRegistered ? context.lost(error) : registered.reject(error))
  let isLoggedIn = ircNickservPassword !== undefined
  client.on('registered', () => {
    isRegistered = true
    registered.resolve()
  })
  client.on('sasl failed', ({ reason, message = reason }) => {
    isLoggedIn = false
    const isOffered = reason !== 'capability_missing' && reason !== 'unsupported_mechanism'
    if (isOffered && ircNickservPassword !== undefined) fail(new PlatformError('auth_failed', `IRC: ${message}`))
  })
  client.on('nick in use', () => {
    if (isRegistered) return
    if (tried++ < NICKS_TRIED) client.changeNick(nick + '_'.repeat(tried - 1))
    else fail(new PlatformError('conflict', `IRC: ${nick} and its like are in use.`))
  })
  client.on('nick invalid', () => fail(new PlatformError('invalid_settings', `IRC: the server takes no name such as ${nick}: set IRC_NICKNAME to another.`)))
  client.on('irc error', ({ error, reason = '' }) => {
    const rejection = isRegistered ? undefined : ircRejection(error, reason)
    if (rejection) fail(rejection)
  })
  client.on('socket close', (error) => fail(ircClosed(error, isRegistered)))
  client.connect({
    host,
    port,
    tls,
    nick,
    username: 'talaria',
    gecos: 'Talaria',
    version: 'Talaria',
    ...(ircServerPassword !== undefined && { password: ircServerPassword }),
    ...(ircNickservPassword !== undefined && { account: { account: nick, password: ircNickservPassword } }),
    auto_reconnect: false,
    ping_interval: 60,
    ping_timeout: 180,
    enable_echomessage: true,
  })
  await registered.promise
  return isLoggedIn
}

/** Not `quit()`: it waits for the server to close, and one that does not would keep the socket. */
function close(client: Client): void {
  if (client.connection.connected) client.raw('QUIT', 'Good bye')
  client.removeAllListeners()
  client.connection.clearTimers()
  client.connection.transport?.disposeSocket()
}
