import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServiceProcess } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { talaria, type Said } from './talaria.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'gateway', 'src', 'main.ts')

/** A gateway that runs, and the command line for its home. */
export interface RunningGateway extends AsyncDisposable {
  readonly home: string
  readonly url: string
  readonly key: string
  readonly process: ServiceProcess
  talaria(...args: readonly string[]): Promise<Said>
}

/** Starts a gateway as an operator does, with its settings in `.env` of a home of its own; `settings` are lines for it. */
export async function startGateway(...settings: readonly string[]): Promise<RunningGateway> {
  await using starting = new AsyncDisposableStack()
  const home = starting.use(temporaryHome())
  const key = randomBytes(24).toString('hex')
  writeFileSync(home.file('.env'), [`API_SERVER_KEY=${key}`, 'TALARIA_MODEL=scripted', ...settings, ''].join('\n'), { mode: 0o600 })
  const env = { API_SERVER_PORT: '0', NODE_COMPILE_CACHE: join(tmpdir(), 'talaria-test-compile-cache') }
  const process = starting.use(new ServiceProcess({ main: MAIN, home: home.path, env }))
  await process.logs('the API server is connected')
  const url = await process.url()
  const owned = starting.move()
  return {
    home: home.path,
    url,
    key,
    process,
    talaria: (...args) => talaria(home.path, args, { API_SERVER_PORT: new URL(url).port }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
