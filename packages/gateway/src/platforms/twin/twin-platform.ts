import { readFile } from 'node:fs/promises'
import type { OutboundAttachment } from '../../chats/outbound-message.ts'
import { chatSettings } from '../chat-settings.ts'
import type { Capabilities } from '../capabilities.ts'
import { definePlatform, type ConnectContext, type PlatformDefinition } from '../definition.ts'
import type { Platform } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import type { TwinService } from './twin-service.ts'

/** The platform of a {@link TwinService}: can do everything that a platform may, for tests and demonstrations of all that stands above one. */
export function twinPlatform(service: TwinService, name = 'twin'): PlatformDefinition {
  return definePlatform({
    name,
    label: 'Twin',
    settings: chatSettings(name, name.toUpperCase(), 'Twin'),
    plan: () => ({ state: 'ready' }),
    // A service in memory is reached by this process alone.
    accountOf: () => undefined,
    connect: (_settings, context) => connect(service, name, context),
  }) as PlatformDefinition
}

async function connect(service: TwinService, name: string, { resources, signal: attempt, receive, lost }: ConnectContext): Promise<Platform> {
  const take = (message: Parameters<typeof receive>[0]) => receive({ ...message, address: { ...message.address, platform: name } })
  // Before it is opened: closing what was never open does no harm, and nothing can come between.
  resources.defer(() => service.close(take))
  await service.open(take, lost, attempt)

  const capabilities: Capabilities = {
    threads: true,
    edits: true,
    typing: true,
    reactions: true,
    files: true,
    voice: true,
    maxLength: service.maxLength,
    markup: 'markdown',
    editEveryMs: 100,
    commandPrefix: '/',
  }
  /** Nothing is asked of a service over a connection that is gone. */
  const connected = () => {
    if (attempt.aborted) throw new PlatformError('connection_lost', 'The connection to the twin is closed.')
  }
  return {
    account: service.account,
    capabilities,
    async send(message, signal) {
      connected()
      return { messageId: await service.send(message, await Promise.all(message.attachments.map(contentOf)), signal) }
    },
    async edit(_address, messageId, text, signal) {
      connected()
      await service.edit(messageId, text, signal)
    },
    async typing(_address, signal) {
      connected()
      await service.typing(signal)
    },
    async react(_address, messageId, emoji, signal) {
      connected()
      await service.react(messageId, emoji, signal)
    },
    async find({ id }, signal) {
      connected()
      const found = await service.find(id, signal)
      return found && { messageId: found.messageId }
    },
    async download({ ref }, { maxBytes }, signal) {
      connected()
      const bytes = await service.download(String(ref.id), signal)
      if (bytes.byteLength > maxBytes) throw new PlatformError('attachment_too_large', `The file has more than ${maxBytes} bytes.`)
      return bytes
    },
    async probe(signal) {
      connected()
      await service.ping(signal)
    },
  }
}

async function contentOf({ name, path }: OutboundAttachment) {
  return { name, bytes: await readFile(path) }
}
