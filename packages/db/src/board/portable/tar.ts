import { BoardError } from '../board-error.ts'

/**
 * As much of the ustar format (POSIX.1-1988, as pax(1) describes it) as an archive of ours needs: plain files with short
 * names, whole in memory one at a time.
 */
export interface TarEntry {
  readonly name: string
  readonly bytes: Uint8Array
}

const BLOCK = 512

/** The largest file there is in an archive of ours: an attachment, or a part of a table with long texts in it. */
const MOST_BYTES = 64 * 1024 * 1024

/** What an archive may come to when it is unpacked. */
const MOST_BYTES_IN_ALL = 8 * 1024 ** 3

/** A file as it stands in an archive. */
export function tarEntry({ name, bytes }: TarEntry, modifiedAt: number): Uint8Array {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${bytes.byteLength.toString(8).padStart(11, '0')}\0`, 124)
  header.write(
    `${Math.max(0, Math.floor(modifiedAt / 1_000))
      .toString(8)
      .padStart(11, '0')}\0`,
    136,
  )
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, bytes, Buffer.alloc(padding(bytes.byteLength))])
}

/** What stands at the end of an archive. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * BLOCK)
}

/** The files of an archive, one after the other. @throws BoardError `INVALID` when it is none, or holds more than it may. */
export async function* tarEntries(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const bytes = new ByteReader(source)
  for (;;) {
    const header = await bytes.take(BLOCK)
    if (header.every((byte) => byte === 0)) return
    const { name, size } = headerOf(header)
    const content = await bytes.take(size)
    await bytes.take(padding(size))
    yield { name, bytes: content }
  }
}

/** What is thrown about an archive that nobody could have been given by us. */
export function brokenArchive(reason: string, cause?: unknown): BoardError {
  return new BoardError('INVALID', `This is not a whole archive of a board: ${reason}. Nothing was imported.`, {
    details: { field: 'archive', expected: 'what `boards export` wrote' },
    ...(cause !== undefined && { cause }),
  })
}

function headerOf(header: Buffer): { readonly name: string; readonly size: number } {
  if (checksumOf(header) !== Number.parseInt(textOf(header, 148, 8), 8)) throw brokenArchive('a header is damaged')
  const name = textOf(header, 0, 100)
  const type = textOf(header, 156, 1)
  const sizeText = textOf(header, 124, 12).trim()
  if ((type !== '0' && type !== '') || textOf(header, 345, 155) !== '') throw brokenArchive(`'${name.slice(0, 40)}' is not a plain file`)
  if (!/^[0-7]{1,11}$/.test(sizeText)) throw brokenArchive(`the size of '${name.slice(0, 40)}' is damaged`)
  const size = Number.parseInt(sizeText, 8)
  if (size > MOST_BYTES) throw brokenArchive(`'${name.slice(0, 40)}' is too large`)
  return { name, size }
}

function textOf(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

/** The sum of a header's bytes, its own place counted as spaces. */
function checksumOf(header: Buffer): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0)
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/** Takes bytes off a stream, so and so many at a time. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)
  #total = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let missing = length
    while (missing > 0) {
      if (this.#rest.byteLength === 0) this.#rest = await this.#next()
      const part = this.#rest.subarray(0, missing)
      this.#rest = this.#rest.subarray(part.byteLength)
      parts.push(part)
      missing -= part.byteLength
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  async #next(): Promise<Buffer> {
    const { value, done } = await this.#chunks.next()
    if (done) throw brokenArchive('it ends too early')
    this.#total += value.byteLength
    if (this.#total > MOST_BYTES_IN_ALL) throw brokenArchive('it is too large')
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
}
