import { codeOf } from '@talaria/core'
import { CommanderError } from 'commander'

/** What was typed is not understood. */
const USAGE = 2

/** Of sysexits.h: a setting is wrong; typing it again changes nothing. */
const EX_CONFIG = 78

/** How the process ends after an error: 2 for what was typed wrongly, 78 for a wrong setting, 1 for what could not be done. */
export function exitCodeOf(error: unknown): number {
  // Help and version come as errors too, with a code of 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
  return codeOf(error) === 'INVALID_CONFIG' ? EX_CONFIG : 1
}
