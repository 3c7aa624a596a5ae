import { messageOf, type Clock, type Log } from '@talaria/core'
import type { ContentPart, Transcriber } from '@talaria/agent'
import type { Platform } from '../platforms/platform.ts'
import { withDeadline } from '../platforms/with-deadline.ts'
import type { InboundAttachment, InboundMessage } from './inbound-message.ts'
import { safeName, type MediaCache } from './media-cache.ts'

/** Larger pictures go by their place on disk: providers refuse them, and a session would carry them for ever. */
const LARGEST_IMAGE_BYTES = 5 * 1024 * 1024

/** A text document up to this size is read out to the agent. */
const LARGEST_INLINED_BYTES = 64 * 1024

const TEXT_NAMES = /\.(txt|md|csv|tsv|log|json|ya?ml|toml|xml|html?|css|[cm]?[jt]sx?|py|rs|go|java|c|h|cpp|sh|sql|ini)$/i

const DOWNLOAD_MS = 5 * 60_000

/** An hour of speech takes a server at home minutes. */
const TRANSCRIBE_MS = 5 * 60_000

export interface AgentContentOptions {
  /** Where the message came from; `undefined` while it is not connected. */
  readonly platform: Platform | undefined
  readonly cache: MediaCache
  readonly maxBytes: number
  /** Absent where the settings name none. */
  readonly transcriber?: Pick<Transcriber, 'transcribe'>
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Log
}

/**
 * A message as the agent is given it: what was said, and what came with it. Fetched only now, when the sender is known
 * to be allowed; a file that cannot be had is named with the reason, and the message is answered all the same.
 */
export async function agentContent(message: InboundMessage, text: string, options: AgentContentOptions): Promise<string | readonly ContentPart[]> {
  if (message.attachments.length === 0) return text
  const parts = await Promise.all(message.attachments.map((attachment) => partOf(attachment, options)))
  const said = text === '' ? [] : [{ type: 'text', text } as const]
  const all = [...said, ...parts]
  return all.every((part) => part.type === 'text') ? all.map((part) => part.text).join('\n\n') : all
}

async function partOf(attachment: InboundAttachment, options: AgentContentOptions): Promise<ContentPart> {
  const name = safeName(attachment.name ?? attachment.kind)
  try {
    const bytes = await fetched(attachment, options)
    const path = await options.cache.keep(attachment, bytes)
    return await described(attachment, { name, path, bytes }, options)
  } catch (error) {
    options.log.warn({ err: error, kind: attachment.kind }, 'an attachment could not be fetched')
    return note(`${attachment.kind} "${name}" could not be fetched: ${messageOf(error)}`)
  }
}

function fetched(attachment: InboundAttachment, { platform, maxBytes, clock, signal }: AgentContentOptions): Promise<Uint8Array> {
  const tooLarge = () => new Error(`it is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`)
  if ((attachment.size ?? 0) > maxBytes) throw tooLarge()
  if (!platform?.download) throw new Error(platform ? 'this platform gives out no files.' : 'the platform is not connected.')
  return withDeadline(DOWNLOAD_MS, { clock, what: 'Fetching a file', signal }, async (call) => {
    const bytes = await platform.download!(attachment, { maxBytes }, call)
    if (bytes.length > maxBytes) throw tooLarge()
    return bytes
  })
}

interface Kept {
  readonly name: string
  readonly path: string
  readonly bytes: Uint8Array
}

async function described(attachment: InboundAttachment, { name, path, bytes }: Kept, options: AgentContentOptions): Promise<ContentPart> {
  const { kind, mediaType } = attachment
  if (kind === 'image' && bytes.length <= LARGEST_IMAGE_BYTES) {
    return { type: 'image', url: `data:${mediaType ?? 'image/png'};base64,${Buffer.from(bytes).toString('base64')}` }
  }
  if (kind === 'document' && (mediaType?.startsWith('text/') || TEXT_NAMES.test(name)) && bytes.length <= LARGEST_INLINED_BYTES) {
    const text = textOf(bytes)
    if (text !== undefined) return { type: 'text', text: `[document "${name}"]\n${text}\n[end of "${name}"]` }
  }
  if (kind === 'voice' || kind === 'audio') return spoken(attachment, { name, path, bytes }, options)
  return note(`${kind} "${name}", ${bytes.length} bytes, is at ${path}`)
}

/** Speech as text; where that cannot be had, why not, so that the agent can say so instead of guessing. */
async function spoken({ kind, mediaType }: InboundAttachment, { name, path, bytes }: Kept, options: AgentContentOptions): Promise<ContentPart> {
  const { transcriber, signal, clock, log } = options
  const recording = `${kind} "${name}", ${bytes.length} bytes, is at ${path}`
  if (!transcriber) return note(`${recording}. What is said in it is not known: this gateway has no transcriber`)
  try {
    const transcript = await withDeadline(TRANSCRIBE_MS, { clock, what: 'Transcribing', signal }, (call) =>
      transcriber.transcribe({ bytes, ...(mediaType !== undefined && { mediaType }) }, call),
    )
    if (transcript === '') return note(`${recording}. Nothing is said in it`)
    return kind === 'voice' ? { type: 'text', text: transcript } : { type: 'text', text: `[transcript of "${name}"]\n${transcript}` }
  } catch (error) {
    if (signal.aborted) throw error
    log.warn({ err: error, kind }, 'a recording could not be transcribed')
    return note(`${recording}. What is said in it is not known, because it could not be transcribed: ${messageOf(error)}`)
  }
}

function note(words: string): ContentPart & { type: 'text' } {
  return { type: 'text', text: `[${words}]` }
}

/** `undefined` for what is no text, whatever its name says. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
