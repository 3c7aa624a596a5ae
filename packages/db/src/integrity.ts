import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { DatabaseError } from './errors.ts'

/** Reads at 40 MB/s on a slow disk: enough for 20 GB. */
const TIMEOUT_MS = 10 * 60_000

const SCRIPT = fileURLToPath(new URL('./integrity-process.ts', import.meta.url))

const Answer = z.object({ problems: z.array(z.string()).optional(), failed: z.string().optional() })

/** What is wrong with a file; two empty lists when it is sound. */
export interface Findings {
  /** Of the database itself. */
  readonly problems: readonly string[]
  /** Of the search index only, which can be made anew from the messages. */
  readonly indexProblems: readonly string[]
}

/**
 * Looks through a whole database file for damage, in a process of its own
 * (https://sqlite.org/pragma.html#pragma_quick_check).
 *
 * @throws DatabaseError `IO` when the check itself could not be made.
 */
export async function findDamage(file: string, signal?: AbortSignal): Promise<Findings> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, file], { timeout: TIMEOUT_MS, ...(signal && { signal }) })
    const { problems, failed } = Answer.parse(JSON.parse(stdout))
    if (!problems) throw new Error(failed)
    return { problems: problems.filter((problem) => !isOfIndex(problem)), indexProblems: problems.filter(isOfIndex) }
  } catch (error) {
    throw new DatabaseError('IO', `${file} could not be checked: ${(error as Error).message}`, { cause: error, details: { file } })
  }
}

/** @throws DatabaseError `CORRUPT`; a damaged search index is no reason. */
export async function refuseDamaged(file: string, signal?: AbortSignal): Promise<void> {
  const { problems } = await findDamage(file, signal)
  if (problems.length > 0) throw new DatabaseError('CORRUPT', `${file} is damaged: ${problems[0]}`, { details: { file, problems } })
}

/** Every message of FTS5 about its own tables names itself. */
function isOfIndex(problem: string): boolean {
  return /\bfts5\b/i.test(problem)
}
