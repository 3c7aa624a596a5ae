import { loadSettings } from '@talaria/core/config'
import { MailServer } from '../../../test/servers/mail-server.ts'
import { platformContract, type Remote } from '../../../test/platform-contract.ts'
import { email } from './email.ts'

const HEAD = 'From: ada@example.net\nTo: agent@example.org\nIn-Reply-To: <thread@example.net>\nMIME-Version: 1.0\n'

platformContract(
  'E-mail',
  async (): Promise<Remote> => {
    const server = await MailServer.start()
    const env = {
      EMAIL_ADDRESS: 'agent@example.org',
      EMAIL_PASSWORD: server.password,
      EMAIL_IMAP_HOST: '127.0.0.1',
      EMAIL_IMAP_PORT: String(server.imapPort),
      EMAIL_SMTP_HOST: '127.0.0.1',
      EMAIL_SMTP_PORT: String(server.smtpPort),
      EMAIL_ENCRYPTION: 'none',
      EMAIL_TRUST_FROM_HEADER: 'true',
    }
    return {
      definition: email,
      settings: await loadSettings(email.settings, { env, home: '/nowhere' }),
      chat: { chatId: 'ada@example.net', threadId: '<thread@example.net>' },
      say(text, file) {
        if (!file) return void server.deliver(`${HEAD}\n${text}\n`)
        const part = `--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="${file.name}"\n\n${Buffer.from(file.bytes).toString('base64')}\n`
        server.deliver(`${HEAD}Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${text}\n${part}--b--\n`)
      },
      acknowledged: () => server.mails.filter(({ isSeen }) => isSeen).length,
      sent: () => server.sent,
      typings: () => 0,
      fail(fault) {
        if (fault === 'unavailable') server.isClosing = true
        if (fault === 'unauthorised') server.password = 'another'
        if (fault === 'hangs') server.isMute = true
        if (fault === 'rate_limits') server.refusal = { status: 450, text: 'Too much mail' }
        if (fault === 'dies_after_send') server.diesAfterData = true
      },
      heal() {},
      drop: () => server.drop(),
      asked: () => server.asked,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  {
    redelivers: 'What was not taken in stays unseen, and is looked for a minute later: email.test.ts has that with a clock.',
    rate_limits: 'SMTP says that it is too much, never how long to wait.',
  },
)
