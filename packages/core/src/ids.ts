import { randomFillSync } from 'node:crypto'
import { systemClock } from './clock.ts'

const pool = Buffer.alloc(10 * 256)
let poolOffset = pool.length
let lastMs = 0
let sequence = 0

/**
 * A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, a 12-bit counter that keeps ids of one millisecond in
 * order within this process, and 62 random bits, so that an id sorts by age and cannot be guessed.
 */
export function uuidv7(nowMs: number = systemClock.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs
    sequence = 0
  } else if (++sequence > 0xfff) {
    lastMs += 1
    sequence = 0
  }
  if (poolOffset === pool.length) {
    randomFillSync(pool)
    poolOffset = 0
  }
  const random = pool.subarray(poolOffset, (poolOffset += 10))
  const time = lastMs.toString(16).padStart(12, '0')
  const counter = sequence.toString(16).padStart(3, '0')
  const variant = ((random[0]! & 0x3f) | 0x80).toString(16)
  const tail = random.toString('hex', 1, 8)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${variant}${tail.slice(0, 2)}-${tail.slice(2, 14)}`
}

/** An id with a readable prefix, as OpenAI's API uses them: `resp_0193…`; the rest is a UUID v7 without dashes. */
export function createId(prefix: string, nowMs?: number): string {
  return `${prefix}_${uuidv7(nowMs).replaceAll('-', '')}`
}
