import { z } from 'zod'
import type { WorkerEnd } from './work.ts'

const Words = z.string().trim().min(1).max(20_000)
const Metadata = z.record(z.string(), z.unknown())

const Complete = z
  .object({
    status: z.literal('complete'),
    summary: Words,
    result: z.string().max(1_000_000).exactOptional(),
    metadata: Metadata.exactOptional(),
    verdict: z.enum(['success', 'failure']).exactOptional(),
    artifacts: z.array(z.string()).max(50).exactOptional(),
  })
  .transform(({ status: _, ...body }): WorkerEnd => ({ as: 'complete', body }))

const Block = z
  .object({ status: z.literal('block'), reason: Words, kind: z.enum(['dependency', 'needs_input', 'capability', 'transient']).exactOptional() })
  .transform(({ status: _, ...body }): WorkerEnd => ({ as: 'block', body }))

const Review = z
  .object({ status: z.literal('review'), summary: Words, reviewer: z.string().max(100).exactOptional(), metadata: Metadata.exactOptional() })
  .transform(({ status: _, ...body }): WorkerEnd => ({ as: 'request-review', body }))

const Changes = z.object({ status: z.literal('changes'), reason: Words }).transform(({ reason }): WorkerEnd => ({ as: 'request-changes', body: { reason } }))

const Fail = z
  .object({ status: z.literal('fail'), message: z.string().min(1), retry_after_seconds: z.number().min(0).exactOptional() })
  .transform(({ message, retry_after_seconds: seconds }): WorkerEnd => ({
    as: 'fail',
    body: {
      class: 'task',
      code: 'said_so',
      message: message.slice(0, 4_000),
      ...(seconds !== undefined && { retryAfterMs: Math.round(seconds * 1_000) }),
    },
  }))

const WorkResult = z.union([Complete, Block, Review, Changes, Fail])

/**
 * The end that a command or a service says by a JSON object: `{"status": "complete", "summary": "…"}`, with `block`,
 * `review`, `changes` or `fail` as the others; without a status it is done. `undefined` when the text is no such object.
 */
export function endOfResult(text: string): WorkerEnd | undefined {
  const value = objectIn(text.trim())
  if (!value) return undefined
  const { data } = WorkResult.safeParse('status' in value ? value : { ...value, status: 'complete' })
  return data
}

function objectIn(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}
