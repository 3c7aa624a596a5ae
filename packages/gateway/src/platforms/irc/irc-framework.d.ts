/** The part of irc-framework 4.14 that is used; it comes without types. */
declare module 'irc-framework' {
  interface IrcEvents {
    registered: { readonly nick: string }
    privmsg: IrcMessageEvent
    pong: { readonly message?: string }
    'irc error': { readonly error: string; readonly reason?: string; readonly channel?: string; readonly nick?: string }
    'nick in use': { readonly nick: string }
    'nick invalid': { readonly nick: string }
    'sasl failed': { readonly reason: string; readonly message?: string }
    join: { readonly nick: string; readonly channel: string }
    kick: { readonly kicked: string; readonly channel: string; readonly message?: string }
    'socket close': Error | false | undefined
  }

  interface IrcMessageEvent {
    readonly nick: string
    readonly ident: string
    readonly hostname: string
    readonly target: string
    readonly message: string
    readonly account?: string
    readonly tags: Readonly<Record<string, string>>
    readonly time?: number
    readonly from_server?: boolean
    /** Present for what was said before, such as a bouncer plays back. */
    readonly batch?: unknown
  }

  interface IrcOptions {
    readonly host: string
    readonly port: number
    readonly tls: boolean
    readonly nick: string
    readonly username: string
    readonly gecos: string
    readonly password?: string
    readonly account?: { readonly account: string; readonly password: string }
    readonly auto_reconnect: boolean
    readonly ping_interval: number
    readonly ping_timeout: number
    readonly enable_echomessage: boolean
    readonly version: string
  }

  class Client {
    readonly user: { readonly nick: string }
    readonly network: { readonly options: { readonly CHANTYPES?: readonly string[] } }
    readonly connection: {
      readonly connected: boolean
      readonly transport: { disposeSocket(): void } | null
      clearTimers(): void
    }
    connect(options: IrcOptions): void
    raw(...words: readonly string[]): void
    changeNick(nick: string): void
    caseCompare(one: string, other: string): boolean
    caseLower(text: string): string
    on<Name extends keyof IrcEvents>(name: Name, listener: (event: IrcEvents[Name]) => void): this
    removeListener<Name extends keyof IrcEvents>(name: Name, listener: (event: IrcEvents[Name]) => void): this
    removeAllListeners(): this
  }

  const irc: { readonly Client: typeof Client }
  export default irc
  export type { Client, IrcEvents, IrcMessageEvent, IrcOptions }
}
