import { integer, list, oneOf, text, url } from '@talaria/core/config'
import { z } from 'zod'
import { parseResetPolicy } from './reset-policy.ts'

const sharing = () => oneOf('per_user', 'shared')

/** What can be set of conversations on chat platforms, beside what each platform has. */
export const conversationSettings = {
  groupSessions: {
    env: 'TALARIA_GROUP_SESSIONS',
    file: 'chats.group_sessions',
    schema: sharing(),
    fallback: 'per_user',
    help: 'Whether everybody in a group has a conversation of their own (per_user), or all have one together (shared).',
    applies: 'at_once',
  },
  threadSessions: {
    env: 'TALARIA_THREAD_SESSIONS',
    file: 'chats.thread_sessions',
    schema: sharing(),
    fallback: 'shared',
    help: 'The same for threads and topics.',
    applies: 'at_once',
  },
  sessionReset: {
    env: 'TALARIA_SESSION_RESET',
    file: 'chats.reset',
    schema: resetPolicy(),
    fallback: {},
    help: 'When a chat begins a new conversation by itself: idle:90 after so many minutes without a message, daily:4 at an hour, or both with a comma.',
    applies: 'at_once',
  },
  sessionResetOn: {
    env: 'TALARIA_SESSION_RESET_ON',
    file: 'chats.reset_on',
    schema: resetPolicies(),
    fallback: {},
    help: 'The same for single platforms, as a mapping; in a variable: telegram=daily:4;slack=idle:60,daily:4.',
    applies: 'at_once',
  },
  maxAttachmentMegabytes: {
    env: 'TALARIA_MAX_ATTACHMENT_MB',
    file: 'chats.max_attachment_mb',
    schema: integer({ min: 1, max: 1_024 }),
    fallback: 128,
    help: 'The largest file that is fetched from a chat, in MiB. It is held in memory while it is fetched.',
    applies: 'at_once',
  },
  sendableFolders: {
    env: 'TALARIA_SENDABLE_FOLDERS',
    file: 'chats.sendable_folders',
    schema: list(text('an absolute path')),
    fallback: [],
    help: 'Folders from which the agent may send files to chats, beside the cache of this home.',
    applies: 'at_once',
  },
  transcriptionModel: {
    env: 'TRANSCRIPTION_MODEL',
    file: 'chats.transcription.model',
    schema: text('a model, as its server calls it').optional(),
    help: 'Turns voice notes into text: whisper-1, gpt-4o-transcribe, or whatever the server has. Unless set the agent is told that there is a recording.',
  },
  transcriptionBaseUrl: {
    env: 'TRANSCRIPTION_BASE_URL',
    file: 'chats.transcription.base_url',
    schema: url().optional(),
    help: "Address of a server that speaks OpenAI's API for that, such as http://127.0.0.1:8000/v1; OPENAI_BASE_URL unless set.",
  },
  transcriptionKey: {
    env: 'TRANSCRIPTION_API_KEY',
    schema: text('a key').optional(),
    secret: true,
    help: 'Key for that; OPENAI_API_KEY unless set. A server that is named by TRANSCRIPTION_BASE_URL is never given the key of another.',
  },
} as const

function resetPolicy() {
  return z
    .string()
    .transform((words, context) => {
      const policy = parseResetPolicy(words)
      if (policy) return policy
      context.addIssue({ code: 'custom', message: 'expected none, idle, idle:90, idle:2h, daily, daily:4 or daily:04:30, or two of them with a comma' })
      return z.NEVER
    })
    .describe('none, idle:<minutes>, daily:<hour>, or two with a comma')
}

function resetPolicies() {
  const mapping = z.record(z.string(), resetPolicy())
  const pairs = z
    .string()
    .transform((words) => Object.fromEntries(words.split(';').map((pair) => pair.split('=', 2).map((part) => part.trim()))))
    .pipe(mapping)
  return z.union([mapping, pairs]).describe('a mapping of platforms to such; in a variable platform=policy, several with ;')
}
