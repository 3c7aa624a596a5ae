import { loadSettings } from '@talaria/core/config'
import { IrcServer } from '../../../test/servers/irc-server.ts'
import { platformContract, type Remote } from '../../../test/platform-contract.ts'
import { irc } from './irc.ts'

const SENDER = 'ada!~ada@host.example'

platformContract(
  'IRC',
  async (): Promise<Remote> => {
    const server = await IrcServer.start()
    const env = { IRC_SERVER: '127.0.0.1', IRC_PORT: String(server.port), IRC_USE_TLS: 'false', IRC_NICKNAME: 'bot' }
    return {
      definition: irc,
      settings: await loadSettings(irc.settings, { env, home: '/nowhere' }),
      chat: { chatId: 'ada', threadId: SENDER },
      say: (text) => server.say('bot', text),
      acknowledged: () => 0,
      sent: () => server.said.map(({ messageId, text }) => ({ messageId, text, files: [] })),
      typings: () => 0,
      fail(fault) {
        if (fault === 'unavailable') server.isClosing = true
        if (fault === 'unauthorised') server.password = 'another'
        if (fault === 'hangs') server.isMute = true
        if (fault === 'dies_after_send') server.diesAfterSend = true
      },
      heal() {},
      drop: () => server.drop(),
      asked: () => server.asked,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  {
    acknowledges: 'IRC has no acknowledgements: irc.test.ts has that messages come in.',
    redelivers: 'IRC has no acknowledgements: a line is said once.',
    rate_limits: 'A server disconnects whoever floods it; we never do.',
  },
)
