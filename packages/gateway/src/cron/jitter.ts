import { createHash } from 'node:crypto'

/** By how much a time of a job is put off: up to `jitterMs`, and the same whoever works it out. */
export function jitterOf(jobId: string, slot: number, jitterMs: number): number {
  if (jitterMs === 0) return 0
  return createHash('sha256').update(`${jobId} ${slot}`).digest().readUIntBE(0, 6) % (jitterMs + 1)
}
