import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceProcess } from '@talaria/core/testing'
import type { Gateway } from './gateway.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'apps', 'cli', 'src', 'main.ts')

/** Runs a command of `talaria` for a running gateway, and resolves with what it printed. @throws Error when it fails. */
export async function talaria({ home, url, key }: Gateway, ...args: readonly string[]): Promise<string> {
  const env = { API_SERVER_KEY: key, API_SERVER_PORT: new URL(url).port, NODE_COMPILE_CACHE: join(tmpdir(), 'talaria-test-compile-cache') }
  await using command = new ServiceProcess({ main: MAIN, args, home, env })
  const code = await command.end()
  if (code !== 0) throw new Error(`talaria ${args.join(' ')} ended with ${code}: ${command.stderr}`)
  return command.stdout
}
