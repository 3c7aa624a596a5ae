import { createHmac } from 'node:crypto'
import type { Clock } from '@talaria/core'
import type { ChatPeer } from '../chat-peer.ts'

const SECRET = 'a-secret-of-webhooks-0123456789'
const ANSWERS_IN = '777'
const AGAIN_MS = 200
const PATIENCE_MS = 3_000

/** A sender of webhooks that delivers each until it is taken; what the agent says about them is read on Telegram. */
export function startWebhookPeer(telegram: ChatPeer, clock: Clock): ChatPeer {
  const over = new AbortController()
  const routes = { ask: { prompt: '{{text}}', deliver: `telegram:${ANSWERS_IN}` } }
  const under = new Set<Promise<void>>()
  let gateway: string | undefined

  const isTaken = async (body: string) => {
    const headers = { 'content-type': 'application/json', 'x-webhook-signature': createHmac('sha256', SECRET).update(body).digest('hex') }
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE_MS)])
    // One connection each, so that none of ours counts among those of the gateway.
    const answer = fetch(`${gateway}/platforms/webhook/ask`, { method: 'POST', body, headers: { ...headers, connection: 'close' }, signal })
    return answer.then(
      ({ ok }) => ok,
      () => false,
    )
  }
  const deliver = async (body: string) => {
    while (!over.signal.aborted && !(await isTaken(body))) await clock.delay(AGAIN_MS, over.signal).catch(() => {})
  }

  return {
    platform: 'webhook',
    env: { WEBHOOK_SECRET: SECRET, WEBHOOK_ROUTES: JSON.stringify(routes), WEBHOOK_RATE_PER_MINUTE: '100000' },
    chats: [ANSWERS_IN],
    redelivers: true,
    hasOrder: false,
    leastGapMs: 0,
    takesLines: true,
    lines: [],
    faults: [],
    say(_, text) {
      const delivering = deliver(JSON.stringify({ text })).finally(() => under.delete(delivering))
      under.add(delivering)
    },
    texts: (chat) => telegram.texts(chat),
    fail: () => {},
    heal: () => {},
    drop: () => {},
    reach: (url) => void (gateway = url),
    async [Symbol.asyncDispose]() {
      over.abort()
      await Promise.all(under)
    },
  }
}
