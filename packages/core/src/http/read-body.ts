import type { Context } from 'hono'
import { InputError } from './input-error.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The body of a request as text; an absent one is an empty string. @throws InputError `body_too_large`, `invalid_json` when it is not UTF-8 */
export async function readBodyText(c: Context, maxBytes: number): Promise<string> {
  const bytes = await readBodyBytes(c, maxBytes)
  try {
    return utf8.decode(bytes)
  } catch {
    throw new InputError('invalid_json', 'The request body is not valid UTF-8.')
  }
}

/** The body of a request. @throws InputError `body_too_large` without having read more than that */
export async function readBodyBytes(c: Context, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(c.req.header('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  // Without a declared length the body is counted while it arrives, so that an endless one is cut at the limit.
  const isCounted = c.req.header('content-length') === undefined && c.req.header('transfer-encoding') !== undefined
  const bytes = isCounted ? await countedBytes(c, maxBytes) : new Uint8Array(await c.req.arrayBuffer())
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes)
  return bytes
}

async function countedBytes(c: Context, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function tooLarge(maxBytes: number): InputError {
  return new InputError('body_too_large', `The request body is larger than ${maxBytes} bytes.`)
}
