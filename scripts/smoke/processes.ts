import { readdirSync, readFileSync } from 'node:fs'

/** A process, and the words that it was started with. */
export interface FoundProcess {
  readonly pid: number
  readonly command: string
}

/** The processes of this machine whose `TALARIA_HOME` is `home`, whoever their parent is by now. Linux only. */
export function processesOf(home: string): readonly FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const environment = read(`/proc/${pid}/environ`).split('\0')
      return environment.includes(`TALARIA_HOME=${home}`) ? [{ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }] : []
    })
}

// It may end while one reads, and a zombie has nothing to read.
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
