import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceProcess } from '@talaria/core/testing'

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts')
const COMPILE_CACHE = join(tmpdir(), 'talaria-test-compile-cache')

/** How a command ended, and all that it said. */
export interface Said {
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command of `talaria` as a person does: as a process, for this home. */
export async function talaria(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  await using command = new ServiceProcess({ main: MAIN, args, home, env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env } })
  const code = await command.end()
  return { code, stdout: command.stdout, stderr: command.stderr }
}
