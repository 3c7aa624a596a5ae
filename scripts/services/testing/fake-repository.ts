import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { until } from '@talaria/core/testing'
import { onTestFinished } from 'vitest'
import { freePort } from '@talaria/core/testing'

const SERVICES_FOLDER = dirname(import.meta.dirname)

/** A service that answers with `word`, says which signals it gets, and takes `slowMs` to end. */
export function serviceSource({ word = 'one', slowMs = 0 }: { readonly word?: string; readonly slowMs?: number } = {}): string {
  return `
    import { createServer } from 'node:http'
    const server = createServer((_, response) => response.setHeader('connection', 'close').end(${JSON.stringify(word)}))
    server.listen(Number(process.env.FAKE_PORT), '127.0.0.1')
    console.log('pid ' + process.pid + ', key ' + process.env.FAKE_KEY)
    let asked = 0
    process.on('SIGTERM', () => {
      console.log('asked ' + ++asked)
      if (asked > 1) process.exit(1)
      server.close()
      setTimeout(() => console.log('drained'), ${slowMs})
    })`
}

/** A repository in a folder of its own, with one service called `fake`, and the launchers of this one. */
export class FakeRepository {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-launch-')))
  readonly home = join(this.root, 'home')
  readonly main = join(this.root, 'apps', 'fake', 'src', 'main.ts')
  readonly url: string
  readonly #port: number

  constructor(port: number) {
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
    this.write('packages/core/src/word.ts', '')
    this.write('apps/fake/src/main.ts', serviceSource())
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }))
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true })
    writeFileSync(join(this.root, name), text)
  }

  /** Runs one of the launchers for the service, in a process group of its own as a shell does. */
  launch(launcher: 'launchServices' | 'reloadServices', env: NodeJS.ProcessEnv = {}): Launched {
    const file = launcher === 'launchServices' ? 'launch-services.ts' : 'reload-services.ts'
    const entry = {
      name: 'fake',
      main: 'apps/fake/src/main.ts',
      host: { env: 'FAKE_HOST', fallback: '127.0.0.1' },
      port: { env: 'FAKE_PORT' },
      secrets: ['FAKE_KEY'],
    }
    this.write(
      'launch.ts',
      `import { port, text } from ${JSON.stringify(join(dirname(SERVICES_FOLDER), 'node_modules/@talaria/core/src/config/index.ts'))}
       import { ${launcher} as launch } from ${JSON.stringify(join(SERVICES_FOLDER, file))}
       import { stopWithParent } from ${JSON.stringify(join(dirname(SERVICES_FOLDER), 'stop-with-parent.mjs'))}
       stopWithParent()
       const entry = ${JSON.stringify(entry)}
       const fake = { ...entry, host: { ...entry.host, schema: text() }, port: { ...entry.port, schema: port() }, invitations: () => [['It says:', 'hello']] }
       process.exitCode = await launch([fake], { root: ${JSON.stringify(this.root)}, env: process.env }).catch((error) => {
         console.error(error.message)
         return 1
       })`,
    )
    return new Launched(join(this.root, 'launch.ts'), { ...process.env, TALARIA_HOME: this.home, FAKE_PORT: String(this.#port), ...env })
  }

  /** What the service answers; `undefined` if nothing listens. */
  async answer(): Promise<string | undefined> {
    return fetch(this.url).then(
      (response) => response.text(),
      () => undefined,
    )
  }
}

/** A fake repository whose service has a port that nobody listens on. */
export async function fakeRepository(): Promise<FakeRepository> {
  return new FakeRepository(await freePort())
}

/** A launcher that was started, and what it has written. */
export class Launched {
  output = ''
  readonly #child: ChildProcess

  constructor(main: string, env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    onTestFinished(async () => {
      this.signal('SIGKILL')
      // The service notices, and must not outlive the test.
      await until('the service is gone', 5_000, () => this.servicePids().every((pid) => !isAlive(pid)))
    })
  }

  /** Waits until it says this; resolves with the place behind it in the output, for the next wait. */
  async says(text: string, from = 0): Promise<number> {
    await until(`it says "${text}"`, 15_000, () => this.output.includes(text, from)).catch((error: Error) => {
      throw new Error(`${error.message} It said:\n${this.output}`)
    })
    return this.output.indexOf(text, from) + text.length
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Signals its process group, as a terminal does on Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal)
  }

  async exitCode(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    const [code] = (await once(this.#child, 'exit')) as [number | null]
    return code
  }

  /** The processes of the service so far, as they have said themselves. */
  servicePids(): readonly number[] {
    return [...this.output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid))
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
