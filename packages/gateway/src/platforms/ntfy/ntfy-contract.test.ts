import { loadSettings } from '@talaria/core/config'
import { NtfyServer } from '../../../test/servers/ntfy-server.ts'
import { platformContract, type Remote } from '../../../test/platform-contract.ts'
import { ntfy } from './ntfy.ts'

platformContract(
  'ntfy',
  async (): Promise<Remote> => {
    const server = await NtfyServer.start()
    const { url } = server
    return {
      definition: ntfy,
      settings: await loadSettings(ntfy.settings, { env: { NTFY_SERVER_URL: url, NTFY_TOPIC: 'agent' }, home: '/nowhere' }),
      chat: { chatId: 'agent', threadId: '' },
      say(text, file) {
        if (!file) return void server.publish('agent', { message: text })
        server.files.set('/file/in.bin', Buffer.from(file.bytes))
        server.publish('agent', { message: text, attachment: { name: file.name, url: `${url}/file/in.bin`, size: file.bytes.byteLength } })
      },
      acknowledged: () => 0,
      sent: () =>
        server.messages
          .filter(({ tags }) => tags?.some((tag) => tag.startsWith('talaria-')))
          .map(({ id, message = '', attachment }) => {
            const bytes = attachment && server.files.get(new URL(attachment.url).pathname)
            return { messageId: id, text: message, files: attachment && bytes ? [{ name: attachment.name, bytes }] : [] }
          }),
      typings: () => 0,
      fail(fault) {
        if (fault === 'unavailable') server.status = 503
        if (fault === 'unauthorised') server.token = 'tk_other'
        if (fault === 'hangs') server.isMute = true
        if (fault === 'rate_limits') server.status = 429
        if (fault === 'dies_after_send') server.diesAfterPublish = true
      },
      heal() {},
      drop: () => server.drop(),
      asked: () => server.asked,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  {
    acknowledges: 'ntfy has no acknowledgements: ntfy.test.ts has that messages come in, and that one that could not be taken ends the attempt.',
    redelivers: 'The attempt ends instead, and the next one asks the server for what it remembers.',
  },
)
