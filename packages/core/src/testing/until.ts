import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

/**
 * Resolves with the first answer of `look` that is neither `undefined` nor `false`, for what announces itself to nobody;
 * rejects, saying what was waited for, after `ms`.
 */
export async function until<Answer>(what: string, ms: number, look: () => Promise<Answer | undefined | false> | Answer | undefined | false): Promise<Answer> {
  const deadline = performance.now() + ms
  for (;;) {
    const answer = await look()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`Waited ${ms} ms in vain: ${what}.`)
    await sleep(POLL_MS)
  }
}
