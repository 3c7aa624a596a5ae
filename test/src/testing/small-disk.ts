import { spawnSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of its own, small enough to be filled. Disposing unmounts it. */
export interface SmallDisk extends Disposable {
  /** Where it is mounted. */
  readonly path: string
  /** Takes all room but this many bytes. */
  fill(leave: number): void
  /** Gives it back. */
  empty(): void
}

/** Mounts one; `undefined` where this user may not mount. */
export function smallDisk(size: `${number}m`): SmallDisk | undefined {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-disk-')))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]).status !== 0) {
    rmdirSync(path)
    return undefined
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill(leave) {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - leave))
    },
    empty: () => rmSync(ballast),
    [Symbol.dispose]() {
      // Lazily: a process that was killed a moment ago may still be letting go of it.
      spawnSync('umount', ['-l', path])
      rmdirSync(path)
    },
  }
}
