import { execFile } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const REPOSITORY = dirname(dirname(dirname(import.meta.dirname)))
const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.turbo', '.reports'])
const PACKAGES = ['.', ...globSync(['{apps,packages}/*', 'bench', 'scripts', 'test'], { cwd: REPOSITORY })]

/** A copy of this repository, with its packages installed, in which one may plant what must be refused. */
export class RepositoryCopy implements Disposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-fences-')))

  constructor() {
    cpSync(REPOSITORY, this.root, { recursive: true, filter: (source) => !LEFT_OUT.has(basename(source)) })
    for (const folder of PACKAGES) {
      const installed = join(REPOSITORY, folder, 'node_modules')
      if (existsSync(installed)) symlinkSync(installed, join(this.root, folder, 'node_modules'))
    }
  }

  /** Puts a file there, and the folders that it needs. */
  plant(name: string, text: string): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true })
    writeFileSync(join(this.root, name), text)
  }

  /** Runs one of the repository's tools there; resolves with all that it wrote, however it ended. */
  async run(program: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly output: string }> {
    return new Promise((resolve) => {
      const child = execFile(
        join(this.root, 'node_modules', '.bin', program),
        args,
        { cwd: this.root, env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' }, maxBuffer: 2 ** 26 },
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode ?? -1, stdout, output: stdout + stderr })
        },
      )
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
