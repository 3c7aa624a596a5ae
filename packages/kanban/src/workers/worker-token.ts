import { createHash, randomBytes } from 'node:crypto'

/** A worker's proof: which run of which board, and a secret that only its hash is kept of. */
export interface WorkerToken {
  readonly board: string
  readonly runId: string
  readonly hash: string
}

/** A secret for a run that is about to be claimed; `tokenOf` makes the token out of it once the run has an id. */
export function newWorkerSecret(): { readonly secret: string; readonly hash: string } {
  const secret = randomBytes(32).toString('base64url')
  return { secret, hash: hashOf(secret) }
}

export function tokenOf({ board, runId, secret }: { readonly board: string; readonly runId: string; readonly secret: string }): string {
  return `${board}.${runId}.${secret}`
}

/** Reads a token; `undefined` for what is none. Whether it is right is for the board to say. */
export function readToken(token: string): WorkerToken | undefined {
  const [board, runId, secret, ...rest] = token.split('.')
  if (!board || !runId || !secret || rest.length > 0) return undefined
  return { board, runId, hash: hashOf(secret) }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
