import { createHmac, timingSafeEqual } from 'node:crypto'

const OLDEST_SECONDS = 300

/** What is wrong with the signature of a request, `undefined` when Slack made it within the last five minutes. */
export function signatureFault(headers: Headers, body: string, { secret, now }: { readonly secret: string; readonly now: number }): string | undefined {
  const timestamp = headers.get('x-slack-request-timestamp') ?? ''
  if (!/^\d{1,12}$/.test(timestamp)) return 'no time'
  const given = Buffer.from(headers.get('x-slack-signature') ?? '')
  const wanted = Buffer.from(`v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return 'a wrong signature'
  return Math.abs(now / 1_000 - Number(timestamp)) > OLDEST_SECONDS ? 'a time that is over' : undefined
}
