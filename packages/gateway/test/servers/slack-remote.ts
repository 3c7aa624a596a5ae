import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@talaria/core/config'
import { definePlatform } from '../../src/platforms/definition.ts'
import { slack } from '../../src/platforms/slack/slack.ts'
import type { Remote, RemoteFault } from '../platform-contract.ts'
import { SLACK, SlackServer, type SlackFault } from './slack-server.ts'

const AGAIN_MS = 50

const FAULTS: Readonly<Record<RemoteFault, SlackFault>> = {
  unavailable: { on: '', how: { status: 503 }, stays: true },
  unauthorised: { on: '', how: { error: 'invalid_auth' }, stays: true },
  hangs: { on: '', how: 'hang', stays: true },
  rate_limits: { on: 'chat.postMessage', how: { status: 429, headers: { 'retry-after': '3' } }, stays: true },
  dies_after_send: { on: 'chat.postMessage', how: 'drop', stays: true },
}

/** Slack for the contract of platforms: by socket mode, or by signed requests. */
export async function startSlackRemote(mode: 'socket' | 'http'): Promise<Remote> {
  const server = await SlackServer.start()
  const settings = await loadSettings(slack.settings, { env: server.env(mode), home: join(tmpdir(), 'a-home-that-is-not-there') })
  let mounted: ((request: Request) => Response | Promise<Response>) | undefined
  let delivered = 0
  let isOver = false

  /** As Slack does: again and again, until it is taken. */
  const deliver = async (event: Record<string, unknown>) => {
    if (mode === 'socket') server.push(event)
    for (const seen = server.acknowledged.length; !isOver; await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))) {
      if (mode === 'socket') {
        if (server.acknowledged.length > seen) return
        server.sendAgain()
      } else if ((await mounted?.(server.request({ type: 'event_callback', event })))?.ok) return void (delivered += 1)
    }
  }

  return {
    definition: definePlatform({
      ...slack,
      connect: (given, context) =>
        slack.connect(given, {
          ...context,
          mount(fetch) {
            mounted = fetch
            context.mount(fetch)
          },
        }),
    }),
    settings,
    chat: { chatId: SLACK.direct, threadId: '' },
    say(text, file) {
      const path = `/files/${server.ts()}`
      if (file) server.files.set(path, Buffer.from(file.bytes))
      const files = file ? [{ name: file.name, size: file.bytes.length, url_private_download: `${server.url}${path}` }] : []
      void deliver(server.written(text, { files }))
    },
    acknowledged: () => (mode === 'socket' ? new Set(server.acknowledged.map((answer) => answer['envelope_id'])).size : delivered),
    sent: () =>
      server.messages
        .filter(({ user }) => user === SLACK.bot)
        .map(({ ts, text, reactions, files = [] }) => ({
          messageId: String(ts),
          text: String(text),
          reaction: (reactions as { name: string }[] | undefined)?.[0]?.name,
          files: (files as { id: string }[]).map(({ id }) => server.uploads.get(id)!),
        })),
    typings: () => 0,
    fail: (fault) => void server.faults.push(FAULTS[fault]),
    heal: () => void (server.faults.length = 0),
    drop: () => server.hangUp(),
    asked: () => server.calls.length,
    async [Symbol.asyncDispose]() {
      isOver = true
      await server[Symbol.asyncDispose]()
    },
  }
}
