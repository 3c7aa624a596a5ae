import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 50

/** Resolves with the first answer of `look` that is neither `undefined` nor `false`; rejects, naming `what`, after `ms`. */
export async function until<Answer>(what: string, ms: number, look: () => Promise<Answer | undefined | false> | Answer | undefined | false): Promise<Answer> {
  const deadline = performance.now() + ms
  for (;;) {
    const answer = await look()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`After ${ms / 1000} s still waiting until ${what}.`)
    await delay(LOOK_EVERY_MS)
  }
}
