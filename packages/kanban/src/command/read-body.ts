import { readFile } from 'node:fs/promises'
import { messageOf } from '@talaria/core'
import type { CommandContext } from './command-context.ts'
import type { TaskOptions } from './task-options.ts'
import { UsageError } from './usage-error.ts'

/** What is to be done, from wherever it was said to stand; `undefined` when nothing was said. @throws UsageError */
export async function readBody({ body, bodyFile }: TaskOptions, { options: { readInput } }: CommandContext): Promise<string | undefined> {
  if (bodyFile === undefined) return body
  if (bodyFile === '-') {
    if (!readInput) throw new UsageError('There is no standard input here. Use --body.')
    return readInput()
  }
  try {
    return await readFile(bodyFile, 'utf8')
  } catch (error) {
    throw new UsageError(`--body-file cannot be read: ${messageOf(error)}`)
  }
}
