import { defineSettings, flag, list, port, text } from '@talaria/core/config'
import { chatSettings } from '../chat-settings.ts'

/** What can be set of IRC. */
export const ircSettings = {
  ...defineSettings({
    ircServer: { env: 'IRC_SERVER', file: 'platforms.irc.server', schema: text('a host name').optional(), help: 'The IRC server.' },
    ircPort: { env: 'IRC_PORT', file: 'platforms.irc.port', schema: port(), fallback: 6697, help: 'Its port.' },
    ircUseTls: { env: 'IRC_USE_TLS', file: 'platforms.irc.use_tls', schema: flag(), fallback: true, help: 'Whether the connection is encrypted.' },
    ircNickname: { env: 'IRC_NICKNAME', file: 'platforms.irc.nickname', schema: text('a nickname'), fallback: 'talaria', help: 'Our name on IRC.' },
    ircChannels: {
      env: 'IRC_CHANNEL',
      file: 'platforms.irc.channel',
      schema: list(text('a channel, and its key after a blank')),
      fallback: [],
      help: 'The channels to join.',
    },
    ircServerPassword: {
      env: 'IRC_SERVER_PASSWORD',
      schema: text('a password').optional(),
      secret: true,
      help: 'The password that the server asks everybody for.',
    },
    ircNickservPassword: {
      env: 'IRC_NICKSERV_PASSWORD',
      schema: text('a password').optional(),
      secret: true,
      help: 'The password of our registered name: for SASL where the server has it, else for NickServ.',
    },
  }),
  ...chatSettings('irc', 'IRC', 'IRC'),
}
