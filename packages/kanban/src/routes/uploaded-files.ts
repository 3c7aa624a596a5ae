import { readBodyBytes } from '@talaria/core/http'
import { invalidField, MAX_ATTACHMENT_BYTES, type NewAttachment } from '@talaria/db'
import type { Context } from 'hono'

/** What a form has around its files. */
const ENVELOPE_BYTES = 64 * 1024

const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i

/**
 * The files of a request: those of a form, or its body as one file that the query names.
 *
 * @throws InputError `body_too_large`; BoardError `INVALID`
 */
export async function uploadedFiles(c: Context): Promise<readonly NewAttachment[]> {
  const type = c.req.header('content-type') ?? ''
  if (!/^multipart\/form-data\b/i.test(type)) {
    const name = c.req.query('name')
    if (!name) throw invalidField('name', 'what the file is called, in the query, or a form with files')
    const bytes = await readBodyBytes(c, MAX_ATTACHMENT_BYTES)
    return [{ name, bytes, ...mediaTypeOf(type) }]
  }
  const body = await readBodyBytes(c, MAX_ATTACHMENT_BYTES + ENVELOPE_BYTES)
  const files = [...(await formOf(body, type)).values()].filter((value) => typeof value !== 'string')
  if (files.length === 0) throw invalidField('file', 'at least one file')
  return Promise.all(files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()), ...mediaTypeOf(file.type) })))
}

async function formOf(body: Uint8Array<ArrayBuffer>, type: string): Promise<FormData> {
  try {
    return await new Response(body, { headers: { 'content-type': type } }).formData()
  } catch {
    throw invalidField('body', 'a form (multipart/form-data) with at least one file')
  }
}

function mediaTypeOf(header: string): { readonly mediaType?: string } {
  const type = header.split(';')[0]!.trim().toLowerCase()
  return MEDIA_TYPE.test(type) ? { mediaType: type } : {}
}
