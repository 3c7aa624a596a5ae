import { lookup } from 'node:dns'
import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { codeOf, messageOf, TalariaError, type Clock } from '@talaria/core'
import { isPrivateAddress } from './private-address.ts'

/** As GitHub and others give a receiver. */
const TIMEOUT_MS = 10_000

export interface WebhookRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether addresses of private networks and of this host may be called. */
  readonly mayBePrivate: boolean
  readonly timeoutMs?: number
  readonly clock: Clock
}

/**
 * Posts once, and resolves when the receiver has said that it has it, with a status of 2xx. Follows no redirect, which
 * could lead anywhere, and holds no connection afterwards. The address is judged as it is connected to, not before: a
 * name that is looked up twice may have two.
 *
 * @throws TalariaError `webhook_refused` for what may not be called, `webhook_failed` for what did not take it.
 */
export async function postWebhook({ url, headers, body, mayBePrivate, timeoutMs = TIMEOUT_MS, clock }: WebhookRequest): Promise<void> {
  const target = new URL(url)
  const host = target.hostname.replace(/^\[|\]$/g, '')
  if (!mayBePrivate && isIP(host) !== 0 && isPrivateAddress(host)) throw refused(host)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)), 'user-agent': 'Talaria-Webhook', ...headers },
    ...(!mayBePrivate && { lookup: publicLookup }),
  }
  const outgoing = (target.protocol === 'https:' ? httpsRequest : httpRequest)(target, options, (incoming) => {
    resolve(incoming.statusCode ?? 0)
    // What it says beside the status is not wanted, however much that is.
    incoming.destroy()
  })
  outgoing.on('error', reject)
  outgoing.end(body)
  const heard = new AbortController()
  void clock.delay(timeoutMs, heard.signal).then(
    () => outgoing.destroy(new Error(`nothing came back within ${timeoutMs / 1_000} s`)),
    () => {},
  )
  const status = await promise
    .catch((error: unknown) => {
      throw error instanceof TalariaError ? error : failed(codeOf(error) ?? messageOf(error), error)
    })
    .finally(() => heard.abort())
  if (status >= 300 && status < 400) throw failed(`it answered with a redirect (${status}), which is not followed`)
  if (status < 200 || status >= 300) throw failed(`it answered with status ${status}`)
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '')
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address))) return callback(refused(hostname), '')
    if (options.all) return callback(null, addresses)
    return callback(null, addresses[0]!.address, addresses[0]!.family)
  })
}

function refused(host: string): TalariaError {
  return new TalariaError(
    'webhook_refused',
    `${host} is an address of this host or of a private network, which webhooks may call only with KANBAN_WEBHOOK_PRIVATE=1.`,
  )
}

function failed(why: string, cause?: unknown): TalariaError {
  return new TalariaError('webhook_failed', `The webhook was not delivered: ${why}.`, { cause })
}
