import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '@talaria/core/config'
import { definePlatform } from '../../src/platforms/definition.ts'
import { discord } from '../../src/platforms/discord/discord.ts'
import type { Remote, RemoteFault } from '../platform-contract.ts'
import { DISCORD, DiscordServer, type DiscordFault, type UploadedFile } from './discord-server.ts'

const FAULTS: Readonly<Record<RemoteFault, DiscordFault>> = {
  unavailable: { on: '', how: { status: 503 }, stays: true },
  unauthorised: { on: '', how: { status: 401 }, stays: true },
  hangs: { on: '', how: 'hang', stays: true },
  rate_limits: {
    on: 'POST /channels',
    how: { status: 429, body: { message: 'slow', retry_after: 3, global: false }, headers: { 'retry-after': '3' } },
    stays: true,
  },
  dies_after_send: { on: 'POST /channels', how: 'drop', stays: true },
}

/** Discord for the contract of platforms. */
export async function startDiscordRemote(): Promise<Remote> {
  const server = await DiscordServer.start()
  const settings = await loadSettings(discord.settings, { env: server.env, home: join(tmpdir(), 'a-home-that-is-not-there') })
  let taken = 0
  return {
    // The gateway acknowledges nothing: that a message arrived is known to nobody but who took it.
    definition: definePlatform({
      ...discord,
      connect: (given, context) =>
        discord.connect(given, {
          ...context,
          async receive(message) {
            const reception = await context.receive(message)
            taken += 1
            return reception
          },
        }),
    }),
    settings,
    chat: { chatId: DISCORD.direct, threadId: '' },
    say(text, file) {
      const id = server.id()
      if (file) server.files.set(id, file.bytes)
      const url = `http://127.0.0.1:${server.port}/api/files/${id}`
      const attachments = file ? [{ id, url, filename: file.name, size: file.bytes.length }] : []
      server.write({ channel: DISCORD.direct, direct: true, text, more: { attachments } })
    },
    acknowledged: () => taken,
    sent: () =>
      server.messages
        .filter(({ author }) => (author as { id: string }).id === DISCORD.bot)
        .map(({ id, content, reactions, uploads }) => ({
          messageId: String(id),
          text: String(content),
          reaction: (reactions as { emoji: { name: string } }[] | undefined)?.[0]?.emoji.name,
          files: (uploads ?? []) as UploadedFile[],
        })),
    typings: () => server.requests.filter(({ path }) => path.endsWith('/typing')).length,
    fail(fault) {
      server.acknowledgesHeartbeats = fault !== 'hangs'
      server.faults.push(FAULTS[fault])
    },
    heal() {
      server.acknowledgesHeartbeats = true
      server.faults.length = 0
    },
    drop: () => server.hangUp(),
    asked: () => server.requests.length,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
