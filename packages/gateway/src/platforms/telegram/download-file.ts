import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { codeOf } from '@talaria/core'
import { PlatformError } from '../platform-error.ts'

export interface DownloadOptions {
  readonly agent: Agent
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/**
 * The bytes at an address, by our own agent, so that its connections are closed with it. No error names the address: it
 * holds the bot's token. @throws PlatformError `attachment_too_large` as soon as there are more than allowed
 */
export async function downloadFile(address: string, { agent, maxBytes, signal }: DownloadOptions): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = (address.startsWith('https:') ? httpsRequest : httpRequest)(address, { agent, signal }, resolve)
  request.on('error', reject)
  request.end()
  try {
    const response = await promise
    if (response.statusCode !== 200) throw statusError(response.statusCode ?? 0)
    return await readAtMost(response, maxBytes)
  } catch (error) {
    request.destroy()
    if (error instanceof PlatformError) throw error
    if (signal.aborted) throw new PlatformError('timeout', 'The file was not fetched in time.')
    throw new PlatformError('connection_lost', `The file could not be fetched: ${codeOf(error) ?? 'unknown reason'}.`)
  }
}

async function readAtMost(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) throw new PlatformError('attachment_too_large', `The file has more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function statusError(status: number): PlatformError {
  return new PlatformError(status === 404 ? 'rejected' : 'server_error', `The file could not be fetched: Telegram answered ${status}.`)
}
