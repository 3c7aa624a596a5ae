import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { DatabaseError } from './errors.ts'

/** Reads at 40 MB/s on a slow disk: enough for 20 GB. */
const TIMEOUT_MS = 10 * 60_000

/** Beside this module in the sources, and beside the program in a bundle. */
const SCRIPT = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './integrity-process.ts' : './integrity-process.mjs', import.meta.url))

const Answer = z.object({ problems: z.array(z.string()).optional(), failed: z.string().optional() })

/**
 * Looks through a whole database file for damage, in a process of its own. Returns what is wrong with it, nothing when
 * it is sound (https://sqlite.org/pragma.html#pragma_quick_check).
 *
 * @throws DatabaseError `IO` when the check itself could not be made.
 */
export async function findDamage(file: string, signal?: AbortSignal): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, file], { timeout: TIMEOUT_MS, ...(signal && { signal }) })
    const { problems, failed } = Answer.parse(JSON.parse(stdout))
    if (problems) return problems
    throw new Error(failed)
  } catch (error) {
    throw new DatabaseError('IO', `${file} could not be checked: ${(error as Error).message}`, { cause: error, details: { file } })
  }
}
