import type { AgentMessage } from '@talaria/agent'
import { z } from 'zod'
import { ContentPartSchema, contentPartsOf } from '../openai/content-parts.ts'
import { textOf } from '../turns/agent-messages.ts'
import { ApiError } from './api-error.ts'

/** What a person says, on the routes that take one message and not a transcript: text, or parts. */
export const MessageContent = z.union([z.string(), z.array(ContentPartSchema).max(1_000)])

/** @throws ApiError `missing_message` for one without a word or a picture. */
export function userMessageOf(content: z.output<typeof MessageContent> | null | undefined, param: string): AgentMessage {
  const parts = Array.isArray(content) ? contentPartsOf(content, param) : (content ?? '')
  const isEmpty = textOf(parts).trim() === '' && !(typeof parts !== 'string' && parts.some((part) => part.type !== 'text'))
  if (isEmpty) throw new ApiError('missing_message', `'${param}' must hold a message.`, { param })
  return { role: 'user', content: parts }
}
