import type { Clock } from '@talaria/core'
import { MailServer } from '@talaria/gateway/test-servers'
import { ChaosLine } from '../chaos-line.ts'
import type { ChatPeer, PeerFault } from '../chat-peer.ts'

const AGENT = 'agent@example.org'
const PEOPLE = ['ada@example.net', 'bob@example.net']

/** Two people who write e-mail, each in one thread. */
export async function startMailPeer(clock: Clock): Promise<ChatPeer> {
  const server = await MailServer.start()
  const imap = await ChaosLine.start(server.imapPort, clock)
  const smtp = await ChaosLine.start(server.smtpPort, clock)
  const faults: Readonly<Record<PeerFault, () => void>> = {
    rate_limits: () => void (server.refusal = { status: 450, text: 'Too much mail' }),
    unavailable: () => void (server.isClosing = true),
    dies_after_send: () => void (server.diesAfterData = true),
  }
  return {
    platform: 'email',
    env: {
      EMAIL_ADDRESS: AGENT,
      EMAIL_PASSWORD: server.password,
      EMAIL_IMAP_HOST: '127.0.0.1',
      EMAIL_IMAP_PORT: String(imap.port),
      EMAIL_SMTP_HOST: '127.0.0.1',
      EMAIL_SMTP_PORT: String(smtp.port),
      EMAIL_ENCRYPTION: 'none',
      EMAIL_TRUST_FROM_HEADER: 'true',
      EMAIL_ALLOWED_USERS: PEOPLE.join(','),
      EMAIL_MAX_PER_HOUR: '100000',
    },
    chats: PEOPLE,
    redelivers: true,
    hasOrder: true,
    leastGapMs: 0,
    takesLines: true,
    lines: [imap, smtp],
    faults: ['rate_limits', 'unavailable', 'dies_after_send'],
    say(from, text) {
      const id = `<m${server.nextUid}@example.net>`
      server.deliver(`From: ${from}\nTo: ${AGENT}\nMessage-ID: ${id}\nIn-Reply-To: <thread-${from}>\nMIME-Version: 1.0\n\n${text}\n`)
    },
    texts: (to) => server.sent.filter((mail) => mail.to.includes(to)).map(({ text }) => text),
    fail: (fault) => faults[fault](),
    heal() {
      server.refusal = undefined
      server.isClosing = false
      server.diesAfterData = false
    },
    drop: () => server.drop(),
    async [Symbol.asyncDispose]() {
      await imap[Symbol.asyncDispose]()
      await smtp[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}
