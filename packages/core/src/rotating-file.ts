import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  write as writeLater,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { systemClock, type Clock } from './clock.ts'
import { messageOf } from './errors.ts'

const write = promisify(writeLater)

/** Beyond what waits here lines are dropped and counted: a disk that stalls is no reason to run out of memory. */
const MOST_WAITING = 4 * 1024 * 1024

/** One write; small enough that a file is hardly larger than it may be. */
const LARGEST_WRITE = 64 * 1024

export interface RotatingFileOptions {
  /** An absolute path. Its folder is made; what is there already is gone on with. */
  readonly file: string
  /** How large the file may become, in bytes, before it is put aside. */
  readonly maxBytes: number
  /** How many files there may be, the present one included; older ones are deleted. */
  readonly maxFiles: number
  readonly clock?: Clock
}

/**
 * A file of lines that is put aside when it is full: `gateway.log` becomes `gateway.log.1`, that `gateway.log.2`, and so on.
 * It holds one descriptor, whatever happens, and is nobody else's to read (0600). It has one writer: two processes need
 * two files.
 *
 * Lines are written off the event loop. What waits is written when this is disposed, or when the process exits, for
 * whatever reason but SIGKILL. A line that could not be written, for want of space or because too much waits, is lost;
 * how many were, and why, stands in the file as soon as it can be written again.
 */
export class RotatingFile implements Disposable {
  readonly #options: RotatingFileOptions
  /** Absent between a failure to open it anew and the next attempt. */
  #open: { readonly fd: number; size: number } | undefined
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #underWay: Buffer | undefined
  #lost = 0
  #reason = ''
  #isClosed = false
  readonly #onExit = () => this[Symbol.dispose]()

  /** Opens the file. @throws what the system has against it */
  constructor(options: RotatingFileOptions) {
    this.#options = options
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
    this.#open = openAtEnd(options.file)
    process.on('exit', this.#onExit)
  }

  /** Adds a line, with its line break; returns before it is on disk. */
  write(line: string): void {
    if (this.#isClosed) return
    const bytes = Buffer.from(line)
    if (this.#waitingBytes + bytes.length > MOST_WAITING) return this.#lose(1, 'too much waited to be written')
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (!this.#underWay) void this.#writeOn()
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    this.#isClosed = true
    process.off('exit', this.#onExit)
    const { fd, size } = this.#open ?? {}
    if (fd === undefined || size === undefined) return
    try {
      // A write may be under way in another thread: the same bytes at the same place once more do no harm.
      writeFully(fd, Buffer.concat([this.#underWay ?? Buffer.alloc(0), ...this.#waiting]), size)
    } catch {
      // There is no place left to say it.
    }
    // Under a write the number must not become that of another file: who writes closes it.
    if (!this.#underWay) closeSync(fd)
  }

  async #writeOn(): Promise<void> {
    for (let next = this.#take(); next && !this.#isClosed; next = this.#take()) {
      this.#underWay = next
      try {
        const open = this.#roomFor(next.length)
        const at = open.size
        for (let done = 0; done < next.length;) done += (await write(open.fd, next, done, next.length - done, at + done)).bytesWritten
        open.size += next.length
      } catch (error) {
        this.#lose(next.toString().split('\n').length - 1, messageOf(error))
      }
    }
    this.#underWay = undefined
    if (this.#isClosed && this.#open) closeSync(this.#open.fd)
  }

  /** What is written next: whole lines, after a word about those that were lost. */
  #take(): Buffer | undefined {
    if (this.#waiting.length === 0 || this.#isClosed) return undefined
    let bytes = 0
    const tooMany = this.#waiting.findIndex((line) => (bytes += line.length) > LARGEST_WRITE)
    const lines = Buffer.concat(this.#waiting.splice(0, tooMany === -1 ? this.#waiting.length : Math.max(1, tooMany)))
    this.#waitingBytes -= lines.length
    return this.#lost > 0 ? Buffer.concat([this.#wordOfTheLost(), lines]) : lines
  }

  #lose(lines: number, reason: string): void {
    this.#lost += lines
    this.#reason = reason
  }

  #wordOfTheLost(): Buffer {
    const line = { level: 40, time: (this.#options.clock ?? systemClock).now(), msg: `${this.#lost} lines of this log are lost: ${this.#reason}.` }
    this.#lost = 0
    return Buffer.from(`${JSON.stringify(line)}\n`)
  }

  /** The open file, put aside before if this many bytes more are too many for it. */
  #roomFor(bytes: number): { readonly fd: number; size: number } {
    const { file, maxBytes, maxFiles } = this.#options
    this.#open ??= openAtEnd(file)
    if (this.#open.size === 0 || this.#open.size + bytes <= maxBytes) return this.#open
    closeSync(this.#open.fd)
    this.#open = undefined
    putAside(file, maxFiles)
    return (this.#open = openAtEnd(file))
  }
}

/** Opens a file for writing where its last whole line ends; what a crash has left of a line is ended. */
function openAtEnd(file: string): { readonly fd: number; size: number } {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600)
  try {
    fchmodSync(fd, 0o600)
    const { size } = fstatSync(fd)
    const last = Buffer.alloc(1)
    if (size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() === '\n')) return { fd, size }
    writeFully(fd, Buffer.from('\n'), size)
    return { fd, size: size + 1 }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function writeFully(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, at + done)
}

/** Renames each file to the next number; the last one is overwritten. */
function putAside(file: string, maxFiles: number): void {
  const names = [file, ...Array.from({ length: maxFiles - 1 }, (_, index) => `${file}.${index + 1}`)]
  if (maxFiles === 1) return rmSync(file)
  for (let index = maxFiles - 2; index >= 0; index--) if (existsSync(names[index]!)) renameSync(names[index]!, names[index + 1]!)
}
