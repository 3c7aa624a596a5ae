import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of its own, removed with all that is in it when it is disposed. */
export interface TemporaryHome extends Disposable {
  /** Its real path. */
  readonly path: string
  /** The path of something in it; creates nothing. */
  file(name: string): string
}

/** Makes a folder in which a test's databases live. */
export function temporaryHome(): TemporaryHome {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-')))
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
