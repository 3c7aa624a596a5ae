import { createId, type Clock, type Log } from '@talaria/core'
import type { Platform } from '../platforms/platform.ts'
import { PlatformError } from '../platforms/platform-error.ts'
import { withDeadline } from '../platforms/with-deadline.ts'
import type { ChatAddress } from './chat-address.ts'
import { shownSoFar } from './outgoing-media.ts'
import type { Draft } from './outbound-rows.ts'
import { mayBecomeSilence } from './silence.ts'
import { splitText } from './split-text.ts'

/** An answer that is complete by then is sent once instead of being sent and edited. */
const FIRST_DRAFT_MS = 400

/** So many failures end the streaming of an answer; the whole of it comes in the end all the same. */
const STRIKES = 3

/** A request that hangs holds up neither the stream nor, for long, the end of the turn. */
const DEADLINE_MS = 5_000

export interface ReplyStreamOptions {
  readonly platform: Platform
  readonly address: ChatAddress
  readonly replyTo?: string
  /** How long a part may be; as the final message is cut. */
  readonly room: number
  /** Whether all that was said before is in the chat: a draft would stand before what is still to be sent. */
  readonly mayBegin: () => Promise<boolean>
  readonly clock: Clock
  readonly log: Log
}

interface Shown extends Draft {
  readonly text: string
}

/**
 * Shows an answer in a chat while it is written, by edits, as fast as the platform bears it: never faster than it says,
 * and slower after each time it complained. What it shows is a draft; the outbox makes it the final message.
 */
export class ReplyStream implements AsyncDisposable {
  readonly #options: ReplyStreamOptions
  readonly #drafts: Shown[] = []
  #doubtful: Draft | undefined
  readonly #over = new AbortController()
  #intervalMs: number
  #strikes = 0
  #text = ''
  #running: Promise<void> | undefined

  constructor(options: ReplyStreamOptions) {
    this.#options = options
    this.#intervalMs = options.platform.capabilities.editEveryMs
  }

  /** Messages that the answer has by now, in order of its parts; of the last one it may not be known whether it arrived. */
  get drafts(): readonly Draft[] {
    return this.#doubtful ? [...this.#drafts, this.#doubtful] : this.#drafts
  }

  /** How long a part of the answer is. */
  get room(): number {
    return this.#options.room
  }

  /** The answer so far. */
  show(text: string): void {
    this.#text = text
    if (!this.#over.signal.aborted) this.#running ??= this.#run()
  }

  /** Ends the streaming; when it resolves no request is under way, so that nothing comes after the final message. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#over
    for (let waitMs = FIRST_DRAFT_MS; ; waitMs = this.#intervalMs) {
      await clock.delay(waitMs, signal).catch(() => {})
      if (signal.aborted) return
      const next = mayBecomeSilence(this.#text) ? undefined : this.#nextChange()
      if (!next) continue
      try {
        if (this.drafts.length === 0 && !(await this.#options.mayBegin())) continue
        await this.#make(next)
      } catch (error) {
        if (!this.#bears(error, { isFirst: this.#drafts[next.index] === undefined })) return
      }
    }
  }

  /** The first part that the chat does not show as it is now. */
  #nextChange(): { readonly index: number; readonly text: string } | undefined {
    const parts = splitText(shownSoFar(this.#text), this.#options.room)
    const index = parts.findIndex((text, at) => this.#drafts[at]?.text !== text)
    return index === -1 ? undefined : { index, text: parts[index]! }
  }

  async #make({ index, text }: { readonly index: number; readonly text: string }): Promise<void> {
    const { platform, address, replyTo, clock } = this.#options
    const draft = this.#drafts[index]
    const id = createId('out')
    const message = { id, address, text, attachments: [], ...(index === 0 && replyTo !== undefined && { replyTo }) }
    await withDeadline(DEADLINE_MS, { clock, what: 'Streaming an answer' }, async (signal) => {
      if (draft?.messageId !== undefined) {
        await platform.edit!(address, draft.messageId, text, signal)
        this.#drafts[index] = { ...draft, text }
        return
      }
      this.#doubtful = { id }
      const { messageId } = await platform.send(message, signal)
      this.#doubtful = undefined
      this.#drafts[index] = { id, messageId, text }
    })
  }

  /** Slows down after a failure; false when streaming has to end. */
  #bears(error: unknown, { isFirst }: { readonly isFirst: boolean }): boolean {
    const failure = error instanceof PlatformError ? error : undefined
    if (failure && isSurelyNotSent(failure)) this.#doubtful = undefined
    this.#strikes += 1
    this.#intervalMs = Math.max(this.#intervalMs * 2, failure?.retryAfterMs ?? 0)
    // A new message that may have arrived is not sent again: what it was to show comes with the final one.
    const isRefused = failure?.code === 'rate_limited' || (!isFirst && failure?.policy.message !== 'dead')
    const goesOn = this.#strikes < STRIKES && isRefused
    this.#options.log.debug({ err: error, strikes: this.#strikes, goesOn }, 'an answer could not be streamed for now')
    return goesOn
  }
}

/** The deadline is ours: what the platform makes of a request that is late, nobody knows. */
function isSurelyNotSent({ code, policy }: PlatformError): boolean {
  return code !== 'timeout' && policy.message !== 'uncertain'
}
