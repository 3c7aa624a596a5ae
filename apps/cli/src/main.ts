import { messageOf } from '@talaria/core'
import { CommanderError } from 'commander'
import { exitCodeOf } from './exit-code.ts'
import { createProgram } from './program.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  // What commander has to say it has said.
  if (!(error instanceof CommanderError)) process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = exitCodeOf(error)
}
