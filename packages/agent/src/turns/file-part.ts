import type { LanguageModelV4FilePart } from '@ai-sdk/provider'
import type { ContentPart } from '../agent.ts'
import { AgentError } from '../agent-error.ts'

/** A picture or file as models take it. Throws `invalid_content` when its URL is neither http(s) nor a readable `data:` URL. */
export function filePartOf(part: Exclude<ContentPart, { type: 'text' }>): LanguageModelV4FilePart {
  const inline = part.url.startsWith('data:')
  const { mediaType, data } = inline ? inlineDataOf(part.url) : { mediaType: undefined, data: { type: 'url' as const, url: urlOf(part.url) } }
  if (part.type === 'image') {
    return {
      type: 'file',
      mediaType: mediaType ?? 'image/*',
      data,
      ...(part.detail !== undefined && { providerOptions: { openai: { imageDetail: part.detail } } }),
    }
  }
  return {
    type: 'file',
    mediaType: part.mediaType ?? mediaType ?? (/\.pdf($|[?#])/i.test(part.url) ? 'application/pdf' : 'application/octet-stream'),
    data,
    ...(part.filename !== undefined && { filename: part.filename }),
  }
}

/** `data:[<media type>][;base64],<data>`, RFC 2397. */
function inlineDataOf(url: string): { readonly mediaType: string | undefined; readonly data: { type: 'data'; data: string } } {
  const comma = url.indexOf(',')
  if (comma === -1) throw new AgentError('invalid_content', 'a data: URL has no comma')
  const [mediaType, ...parameters] = url.slice('data:'.length, comma).split(';')
  const body = url.slice(comma + 1)
  return { mediaType: mediaType || undefined, data: { type: 'data', data: parameters.includes('base64') ? body : base64Of(body) } }
}

function base64Of(percentEncoded: string): string {
  try {
    return Buffer.from(decodeURIComponent(percentEncoded)).toString('base64')
  } catch (error) {
    throw new AgentError('invalid_content', 'a data: URL is not encoded properly', { cause: error })
  }
}

function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new AgentError('invalid_content', 'a URL is neither http(s) nor data:')
}
