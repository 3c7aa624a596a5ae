import type { ContentPart } from '@talaria/agent'
import { z } from 'zod'
import { ApiError } from '../api/api-error.ts'

/** One part of a message, in the words of either of OpenAI's APIs. */
export const ContentPartSchema = z.union([
  z.looseObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() }),
  z.looseObject({ type: z.literal('refusal'), refusal: z.string() }),
  z.looseObject({
    type: z.literal('image_url'),
    image_url: z.union([z.string(), z.looseObject({ url: z.string(), detail: z.string().nullish() })]),
  }),
  z.looseObject({ type: z.literal('input_image'), image_url: z.string().nullish(), detail: z.string().nullish(), file_id: z.string().nullish() }),
  z.looseObject({
    type: z.literal('file'),
    file: z.looseObject({ file_data: z.string().nullish(), filename: z.string().nullish(), file_id: z.string().nullish() }),
  }),
  z.looseObject({
    type: z.literal('input_file'),
    file_data: z.string().nullish(),
    file_url: z.string().nullish(),
    filename: z.string().nullish(),
    file_id: z.string().nullish(),
  }),
  z.looseObject({ type: z.string() }),
])

type WirePart = z.output<typeof ContentPartSchema>

const DETAILS: ReadonlySet<unknown> = new Set(['auto', 'low', 'high', 'original'])

const isDetail = (detail: unknown): detail is string => DETAILS.has(detail)

/**
 * Parts as the agent takes them.
 *
 * @throws ApiError `unsupported_content_type`, `invalid_image_url` or `invalid_content_part`, with `param` naming the part.
 */
export function contentPartsOf(parts: readonly WirePart[], param: string): readonly ContentPart[] {
  return parts.map((part, index) => contentPartOf(part as Record<string, unknown> & { type: string }, `${param}[${index}]`))
}

function contentPartOf(part: Record<string, unknown> & { type: string }, param: string): ContentPart {
  switch (part.type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: stringAt(part, 'text', param) }
    case 'refusal':
      return { type: 'text', text: stringAt(part, 'refusal', param) }
    case 'image_url': {
      const image = part['image_url']
      const { url, detail } = typeof image === 'object' && image !== null ? (image as Record<string, unknown>) : { url: image }
      return imageOf(url, detail, param)
    }
    case 'input_image':
      return imageOf(part['image_url'], part['detail'], param)
    case 'file':
      return fileOf((part['file'] ?? {}) as Record<string, unknown>, param)
    case 'input_file':
      return fileOf(part, param)
    default:
      throw new ApiError('unsupported_content_type', `Content of type '${part.type}' is not supported; text, images and files are.`, { param: `${param}.type` })
  }
}

function stringAt(part: Record<string, unknown>, field: string, param: string): string {
  const value = part[field]
  if (typeof value === 'string') return value
  throw new ApiError('invalid_content_part', `'${param}.${field}' must be a string.`, { param: `${param}.${field}` })
}

function imageOf(url: unknown, detail: unknown, param: string): ContentPart {
  if (typeof url !== 'string' || !/^(https?:\/\/\S+|data:image\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=_-]+)$/i.test(url)) {
    throw new ApiError('invalid_image_url', `'${param}' needs an http(s) URL or a data:image/…;base64 URL.`, { param })
  }
  if (detail != null && !isDetail(detail))
    throw new ApiError('invalid_content_part', `'${param}.detail' must be auto, low, high or original.`, { param: `${param}.detail` })
  return { type: 'image', url, ...(detail != null && { detail }) }
}

function fileOf(file: Record<string, unknown>, param: string): ContentPart {
  const url = file['file_data'] ?? file['file_url']
  if (typeof url !== 'string' || !/^(https?:|data:)/i.test(url)) {
    throw new ApiError('unsupported_content_type', `'${param}' needs file_data (a data: URL) or file_url; uploaded files (file_id) are not kept here.`, {
      param,
    })
  }
  return { type: 'file', url, ...(typeof file['filename'] === 'string' && { filename: file['filename'] }) }
}
