import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What fits into `sun_path` of unix(7), its last NUL not counted: 107 on Linux, 103 on macOS. */
const LONGEST_BYTES = 103

/**
 * The Unix socket by which the workers of a home find its dispatcher: in the home, or where that is too long a path in
 * the folder for temporary files, under a name that is made of it. The same for every dispatcher of the home.
 */
export function workerSocketPath(home: string): string {
  const inHome = join(home, 'workers.sock')
  if (Buffer.byteLength(inHome) <= LONGEST_BYTES) return inHome
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16)
  return join(tmpdir(), `talaria-${process.getuid?.() ?? 'user'}-${name}.sock`)
}
