import type { Client } from 'irc-framework'
import type { ConnectContext } from '../definition.ts'
import { ircRefusal } from './irc-error.ts'

/** Who kicks us means it for a while; the same channel that kicks again is left alone for longer, up to the second. */
const FIRST_RETURN_MS = 30_000
const LAST_RETURN_MS = 30 * 60_000

/**
 * The channels that we are to be in: joined at once, and again after a while when somebody kicks us or the channel does not
 * let us in. Those that we are not in are why the connection is degraded.
 */
export class IrcChannels {
  readonly #client: Client
  readonly #context: ConnectContext
  /** By name in lower case: how `JOIN` is said for it, which may include its key. */
  readonly #wanted: ReadonlyMap<string, string>
  readonly #missing = new Map<string, string>()
  readonly #kicks = new Map<string, number>()

  constructor(client: Client, channels: readonly string[], context: ConnectContext) {
    this.#client = client
    this.#context = context
    this.#wanted = new Map(channels.map((channel) => [client.caseLower(channel.split(/\s+/)[0]!), channel]))
  }

  join(): void {
    const client = this.#client
    client.on('kick', ({ kicked, channel, message = '' }) => {
      if (client.caseCompare(kicked, client.user.nick)) this.#left(channel, `Kicked from ${channel}: ${message}`)
    })
    client.on('irc error', ({ error, channel, reason = error }) => {
      if (channel !== undefined && ircRefusal(error, reason) === undefined) this.#left(channel, `${channel}: ${reason}`)
    })
    client.on('join', ({ nick, channel }) => {
      if (!client.caseCompare(nick, client.user.nick) || !this.#missing.delete(client.caseLower(channel))) return
      this.#report()
    })
    for (const channel of this.#wanted.values()) this.#say(channel)
  }

  #left(channel: string, reason: string): void {
    const name = this.#client.caseLower(channel)
    this.#missing.set(name, reason)
    this.#report()
    const wanted = this.#wanted.get(name)
    if (wanted !== undefined) void this.#return(name, wanted)
  }

  async #return(name: string, wanted: string): Promise<void> {
    const { clock, signal } = this.#context
    const times = this.#kicks.get(name) ?? 0
    this.#kicks.set(name, times + 1)
    try {
      await clock.delay(Math.min(LAST_RETURN_MS, FIRST_RETURN_MS * 2 ** Math.min(times, 16)), signal)
    } catch {
      return
    }
    if (this.#client.connection.connected) this.#say(wanted)
  }

  #say(channel: string): void {
    this.#client.raw('JOIN', ...channel.split(/\s+/))
  }

  #report(): void {
    this.#context.degraded(this.#missing.size > 0 ? [...this.#missing.values()].join('; ') : undefined)
  }
}
