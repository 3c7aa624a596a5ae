import type { Clock } from '@talaria/core'

/** Nobody answers for this long: the tool does not run. */
const PATIENCE_MS = 5 * 60_000

export type ApprovalChoice = 'once' | 'session' | 'deny'

interface Pending {
  readonly id: string
  readonly tool: string
  readonly answer: (choice: ApprovalChoice) => void
}

/** Questions of running turns that a person must answer before a tool may run. */
export class Approvals {
  readonly #clock: Clock
  readonly #pending = new Map<string, Pending[]>()
  readonly #allowedInSession = new Map<string, Set<string>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves with the answer; denies when the turn ends or nobody answers within five minutes. */
  async ask(turnId: string, sessionId: string, request: { readonly id: string; readonly tool: string }, signal: AbortSignal): Promise<'allow' | 'deny'> {
    if (this.#allowedInSession.get(sessionId)?.has(request.tool)) return 'allow'
    const patience = new AbortController()
    const { promise, resolve } = Promise.withResolvers<ApprovalChoice>()
    const pending = { ...request, answer: resolve }
    this.#pending.set(turnId, [...(this.#pending.get(turnId) ?? []), pending])
    try {
      const timeout = this.#clock.delay(PATIENCE_MS, AbortSignal.any([signal, patience.signal])).then(
        () => 'deny' as const,
        () => 'deny' as const,
      )
      const choice = await Promise.race([promise, timeout])
      if (choice === 'session') this.#allow(sessionId, request.tool)
      return choice === 'deny' ? 'deny' : 'allow'
    } finally {
      patience.abort()
      const left = this.#pending.get(turnId)?.filter((other) => other !== pending) ?? []
      if (left.length > 0) this.#pending.set(turnId, left)
      else this.#pending.delete(turnId)
    }
  }

  /** Answers one question of a turn, or all of them; how many were answered. */
  answer(turnId: string, choice: ApprovalChoice, which: { readonly id?: string; readonly all?: boolean }): number {
    const pending = this.#pending.get(turnId) ?? []
    const chosen = which.id !== undefined ? pending.filter((one) => one.id === which.id) : which.all ? pending : pending.slice(0, 1)
    for (const one of chosen) one.answer(choice)
    return chosen.length
  }

  /** Whether a turn has a question that nobody has answered. */
  isAsking(turnId: string): boolean {
    return this.#pending.has(turnId)
  }

  #allow(sessionId: string, tool: string): void {
    const tools = this.#allowedInSession.get(sessionId) ?? new Set()
    // Forgotten oldest-first beyond this many sessions: an answer too many is asked again, and memory stays bounded.
    if (this.#allowedInSession.size >= 10_000) this.#allowedInSession.delete(this.#allowedInSession.keys().next().value!)
    this.#allowedInSession.set(sessionId, tools.add(tool))
  }
}
