import { open, stat, type FileHandle } from 'node:fs/promises'
import { codeOf } from '@talaria/core'

/** Holds one open file at a time. */
interface Present {
  readonly handle: FileHandle
  readonly inode: number
  /** How far it was read. */
  position: number
  /** The beginning of a line whose end is not written yet. */
  begun: Buffer
}

const PIECE_BYTES = 256 * 1024

/**
 * Reads a log file and those that were put aside (`file.1`, `file.2`, …) while somebody writes to it. It holds on to the
 * file that it reads, wherever that is renamed to, and goes on with the next newer one: no line is missed or read twice,
 * unless files are deleted before they are read. Holds one descriptor; disposing closes it.
 */
export class LogReader implements AsyncDisposable {
  readonly #file: string
  #present: Present | undefined

  /** Opens nothing; {@link read} does. */
  constructor(file: string) {
    this.#file = file
  }

  /** Every whole line since the last call, the oldest first; with the first call, all there are. */
  async *read(): AsyncGenerator<string> {
    for (;;) {
      // Looked at before the file is read to its end: what is renamed after that is read to its end with the next call.
      const next = await this.#next()
      if (this.#present) yield* linesOf(this.#present)
      if (next === undefined || !(await this.#goOnWith(next))) return
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#present?.handle.close()
    this.#present = undefined
  }

  /** The file after the present one; the oldest there is when there is none, or when it was deleted meanwhile. */
  async #next(): Promise<string | undefined> {
    const inodes = await this.#inodes()
    const at = inodes.findIndex((inode) => inode === this.#present?.inode)
    if (at === 0) return undefined
    const next = (at === -1 ? inodes.length : at) - 1
    return next < 0 ? undefined : this.#nameOf(next)
  }

  async #goOnWith(file: string): Promise<boolean> {
    const handle = await open(file).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined // between two renames; it is there with the next look
      throw error
    })
    if (!handle) return false
    await this.#present?.handle.close()
    this.#present = { handle, inode: (await handle.stat()).ino, position: 0, begun: Buffer.alloc(0) }
    return true
  }

  /** Of the files there are, the newest first. */
  async #inodes(): Promise<readonly number[]> {
    const inodes: number[] = []
    for (;;) {
      const found = await stat(this.#nameOf(inodes.length)).catch(() => undefined)
      if (!found) return inodes
      inodes.push(found.ino)
    }
  }

  #nameOf(index: number): string {
    return index === 0 ? this.#file : `${this.#file}.${index}`
  }
}

async function* linesOf(present: Present): AsyncGenerator<string> {
  for (;;) {
    const { buffer, bytesRead } = await present.handle.read(Buffer.alloc(PIECE_BYTES), 0, PIECE_BYTES, present.position)
    if (bytesRead === 0) return
    present.position += bytesRead
    const text = Buffer.concat([present.begun, buffer.subarray(0, bytesRead)])
    const end = text.lastIndexOf(10) + 1
    present.begun = text.subarray(end)
    if (end > 0) yield* text.toString('utf8', 0, end - 1).split('\n')
  }
}
