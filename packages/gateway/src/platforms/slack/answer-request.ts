import type { Log } from '@talaria/core'
import type { Clock } from '@talaria/core'
import type { SlackMessage } from './inbound-message-of.ts'
import type { SlackCommand, SlackIntake } from './slack-intake.ts'
import { signatureFault } from './verify-signature.ts'

const LARGEST_BODY = 1024 * 1024

/** What Slack posts in HTTP mode. */
interface Callback {
  readonly type?: string
  readonly challenge?: string
  readonly event?: SlackMessage
}

export interface RequestOptions {
  readonly secret: string
  readonly intake: SlackIntake
  readonly clock: Clock
  readonly log: Log
}

/** Answers a request of Slack's: nothing of it is read before its signature is known to be right, and it is answered once taken in. */
export async function answerRequest(request: Request, { secret, intake, clock, log }: RequestOptions): Promise<Response> {
  if (request.method !== 'POST') return new Response('Only POST.\n', { status: 405, headers: { Allow: 'POST' } })
  if (Number(request.headers.get('content-length') ?? 0) > LARGEST_BODY) return new Response('Too large.\n', { status: 413 })
  const body = await request.text()
  const fault = signatureFault(request.headers, body, { secret, now: clock.now() })
  if (fault !== undefined) {
    log.warn({ platform: 'slack', fault }, 'a request that is not of Slack was refused')
    return new Response('Not signed by Slack.\n', { status: 401 })
  }
  try {
    if (request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')) {
      const form = Object.fromEntries(new URLSearchParams(body)) as unknown as SlackCommand
      return form.command === undefined ? new Response(null) : Response.json({ response_type: 'ephemeral', ...(await intake.command(form)) })
    }
    const callback = JSON.parse(body) as Callback
    if (callback.type === 'url_verification') return Response.json({ challenge: callback.challenge })
    if (callback.type === 'event_callback' && callback.event) await intake.event(callback.event)
    return new Response(null)
  } catch (error) {
    if (error instanceof SyntaxError) return new Response('Not JSON.\n', { status: 400 })
    log.warn({ err: error, platform: 'slack' }, 'Something that Slack sent was not taken in.')
    // Slack sends it again.
    return new Response('Try again.\n', { status: 503 })
  }
}
