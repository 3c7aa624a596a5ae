import { defineSettings, flag, integer, oneOf, port, text } from '@talaria/core/config'
import { chatSettings } from '../chat-settings.ts'

const chat = chatSettings('email', 'EMAIL', 'e-mail')

/** What can be set of e-mail. */
export const emailSettings = {
  ...defineSettings({
    emailAddress: {
      env: 'EMAIL_ADDRESS',
      file: 'platforms.email.address',
      schema: text('an address').optional(),
      help: 'The address of the agent: an account of its own.',
    },
    emailPassword: { env: 'EMAIL_PASSWORD', schema: text('a password').optional(), secret: true, help: 'Password of that account, for IMAP and SMTP.' },
    emailUser: {
      env: 'EMAIL_USER',
      file: 'platforms.email.user',
      schema: text('a name').optional(),
      help: 'The name to log in with: the address, unless set.',
    },
    emailImapHost: {
      env: 'EMAIL_IMAP_HOST',
      file: 'platforms.email.imap_host',
      schema: text('a host name').optional(),
      help: 'The server where mail arrives.',
    },
    emailImapPort: {
      env: 'EMAIL_IMAP_PORT',
      file: 'platforms.email.imap_port',
      schema: port(),
      fallback: 993,
      help: 'Its port. With 993 the connection is encrypted from its beginning, else by STARTTLS.',
    },
    emailSmtpHost: {
      env: 'EMAIL_SMTP_HOST',
      file: 'platforms.email.smtp_host',
      schema: text('a host name').optional(),
      help: 'The server that takes mail to send.',
    },
    emailSmtpPort: {
      env: 'EMAIL_SMTP_PORT',
      file: 'platforms.email.smtp_port',
      schema: port(),
      fallback: 587,
      help: 'Its port. With 465 the connection is encrypted from its beginning, else by STARTTLS.',
    },
    emailEncryption: {
      env: 'EMAIL_ENCRYPTION',
      file: 'platforms.email.encryption',
      schema: oneOf('required', 'none'),
      fallback: 'required',
      help: 'Whether connections are encrypted. `none` sends the password in the clear: for servers on this machine only.',
    },
    emailAuthservId: {
      env: 'EMAIL_AUTHSERV_ID',
      file: 'platforms.email.authserv_id',
      schema: text('a name, such as mx.example.org').optional(),
      help: 'The name under which your mail server writes Authentication-Results. Only mail that it found to pass DMARC is taken in.',
    },
    emailTrustFromHeader: {
      env: 'EMAIL_TRUST_FROM_HEADER',
      file: 'platforms.email.trust_from_header',
      schema: flag(),
      fallback: false,
      help: 'Believes the From line as it stands, which anybody can forge: for servers that refuse forged mail themselves.',
    },
    emailMaxPerHour: {
      env: 'EMAIL_MAX_PER_HOUR',
      file: 'platforms.email.max_per_hour',
      schema: integer({ min: 1 }),
      fallback: 20,
      help: 'Messages of one sender that are answered within an hour; it ends loops that nothing else has ended.',
    },
  }),
  ...chat,
  emailHomeChannel: { ...chat.emailHomeChannel, env: 'EMAIL_HOME_ADDRESS' },
}
