import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Clock } from '@talaria/core'

/** A TCP line to a port of this machine that can be slow, fall silent, and break. */
export class ChaosLine implements AsyncDisposable {
  /** How late everything arrives. */
  delayMs = 0
  readonly #server: Server
  readonly #target: number
  readonly #clock: Clock
  readonly #sockets = new Set<Socket>()
  /** Swallows what is sent. What was swallowed never arrives, not even late: a request must not outlive the gateway that made it. */
  #isSilent = false

  private constructor(target: number, clock: Clock) {
    this.#target = target
    this.#clock = clock
    this.#server = createServer((socket) => this.#join(socket, connect(this.#target, '127.0.0.1')))
  }

  /** Listens; the caller disposes it. */
  static async start(target: number, clock: Clock): Promise<ChaosLine> {
    const line = new ChaosLine(target, clock)
    line.#server.listen(0, '127.0.0.1')
    await once(line.#server, 'listening')
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Nothing arrives any more, in either direction. */
  silence(): void {
    this.#isSilent = true
  }

  /** Works as a line should; connections that have lost something on the way break. */
  heal(): void {
    this.delayMs = 0
    if (!this.#isSilent) return
    this.#isSilent = false
    this.cut()
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  #join(near: Socket, far: Socket): void {
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.once('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      void this.#carry(from, to).catch(() => to.destroy())
    }
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (this.delayMs > 0) await this.#clock.delay(this.delayMs)
      if (!this.#isSilent && !to.destroyed) to.write(chunk)
    }
    to.end()
  }
}
