import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descriptorsOf, expectSameDescriptors, FakeClock, until } from '@talaria/core/testing'
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { openPlatform, type OpenPlatformOptions } from '../../../test/open-platform.ts'
import { MailServer } from '../../../test/servers/mail-server.ts'
import { email } from './email.ts'

const signal = new AbortController().signal
const AGENT = 'agent@example.org'

function envOf(server: MailServer): Record<string, string> {
  return {
    EMAIL_ADDRESS: AGENT,
    EMAIL_PASSWORD: server.password,
    EMAIL_IMAP_HOST: '127.0.0.1',
    EMAIL_IMAP_PORT: String(server.imapPort),
    EMAIL_SMTP_HOST: '127.0.0.1',
    EMAIL_SMTP_PORT: String(server.smtpPort),
    EMAIL_ENCRYPTION: 'none',
    EMAIL_TRUST_FROM_HEADER: 'true',
  }
}

const open = (server: MailServer, options: Partial<OpenPlatformOptions> = {}) => openPlatform(email, { ...options, env: { ...envOf(server), ...options.env } })

let count = 0
/** A message as a person's program writes it; headers may be changed or added. */
function mail(text: string, headers: Record<string, string> = {}): string {
  count += 1
  const all = {
    From: 'Ada <ada@example.net>',
    To: AGENT,
    Subject: 'A question',
    'Message-ID': `<m${count}@example.net>`,
    Date: 'Mon, 02 Jun 2025 10:00:00 +0000',
    ...headers,
  }
  return `${Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')}\n${text}\n`
}

const outbound = (text: string, more = {}) => ({
  id: 'out_1',
  address: { platform: 'email', account: AGENT, chatId: 'ada@example.net', threadId: '' },
  text,
  attachments: [],
  ...more,
})

/** Resolves once all that was delivered has been looked at. */
const allSeen = (server: MailServer) => until('all is seen', 4_000, () => server.mails.every(({ isSeen }) => isSeen))

test('a person writes, the answer comes into the same thread, and so does the next question', async () => {
  await using server = await MailServer.start()
  server.deliver(mail('What time is it?', { 'Message-ID': '<first@example.net>' }))
  await using t = await open(server)
  await allSeen(server)
  expect(t.received).toEqual([
    expect.objectContaining({
      address: { platform: 'email', account: AGENT, chatId: 'ada@example.net', threadId: '<first@example.net>' },
      messageId: '<first@example.net>',
      sender: { id: 'ada@example.net', name: 'Ada' },
      text: 'A question\n\nWhat time is it?',
      kind: 'direct',
    }),
  ])
  const { address } = t.received[0]!
  const { messageId } = await t.platform.send(outbound('Noon.', { address, replyTo: '<first@example.net>' }), signal)
  const answer = await simpleParser(server.sent[0]!.source)
  expect(answer).toMatchObject({
    messageId: '<out_1@example.org>',
    inReplyTo: '<first@example.net>',
    references: '<first@example.net>',
    subject: 'Re: A question',
  })
  expect([server.sent[0]!.to, answer.text?.trim(), answer.headers.get('auto-submitted')]).toEqual([['ada@example.net'], 'Noon.', 'auto-replied'])
  // Announced by IDLE: the clock that looks every minute has not moved far.
  const quoting = 'And in Rome?\n\nOn Mon, Jun 2, 2025 at 10:00 AM Agent\n<agent@example.org> wrote:\n> Noon.\n-- \nAda'
  server.deliver(mail(quoting, { 'In-Reply-To': messageId, References: `<first@example.net> ${messageId}` }))
  await allSeen(server)
  expect(t.received[1]).toMatchObject({ address, text: 'And in Rome?', replyTo: { messageId, isOurs: true } })
})

test('a message is marked as seen only when it has been taken in', async () => {
  await using server = await MailServer.start()
  const clock = new FakeClock()
  let isFull = true
  const receive = async () => {
    if (isFull) throw new Error('the disk is full')
    return undefined
  }
  await using t = await open(server, { clock, receive })
  server.deliver(mail('one'))
  await clock.advance(60_000)
  expect(server.mails[0]!.isSeen).toBe(false)
  isFull = false
  await clock.advance(60_000)
  await allSeen(server)
  expect(t.received).toHaveLength(1)
})

test.each([
  ['an answering machine', { 'Auto-Submitted': 'auto-replied' }],
  ['a list', { 'List-Id': '<talk.example.net>' }],
  ['bulk mail', { Precedence: 'bulk' }],
  ['a bounce', { 'Return-Path': '<>' }],
  ['a report', { 'Content-Type': 'multipart/report; report-type=delivery-status; boundary=x' }],
  ['ourselves', { From: `Agent <${AGENT.toUpperCase()}>` }],
  ['a mailer', { From: 'MAILER-DAEMON@example.net' }],
  ['two senders', { From: 'ada@example.net, eve@example.net' }],
  ['nobody', { From: '' }],
])('mail of %s is not taken in', async (_, headers) => {
  await using server = await MailServer.start()
  server.deliver(mail('x', headers))
  server.deliver(mail('y', { 'Auto-Submitted': 'no' }))
  await using t = await open(server)
  await allSeen(server)
  expect(t.received.map(({ text }) => text)).toEqual(['A question\n\ny'])
})

test('of one sender no more is taken in within an hour than is allowed, which ends any loop', async () => {
  await using server = await MailServer.start()
  for (let n = 0; n < 5; n++) server.deliver(mail(`n${n}`))
  server.deliver(mail('other', { From: 'bob@example.net' }))
  await using t = await open(server, { env: { EMAIL_MAX_PER_HOUR: '3' } })
  await allSeen(server)
  expect(t.received.map(({ text }) => text.split('\n').at(-1))).toEqual(['n0', 'n1', 'n2', 'other'])
})

test('with a server that reports DMARC only mail that passed is taken in', async () => {
  await using server = await MailServer.start()
  const pass = 'mx.example.org; spf=pass; dmarc=pass (p=reject) header.from=example.net'
  const results: [string, string | undefined][] = [
    ['passed', pass],
    ['failed', 'mx.example.org; dmarc=fail header.from=example.net'],
    ['none', undefined],
    ['of another server', `evil.example; dmarc=pass header.from=example.net`],
    ['in a comment', 'mx.example.org; dmarc=fail (dmarc=pass (nested) ; dmarc=pass) header.from=example.net'],
    ['for another domain', 'mx.example.org; dmarc=pass header.from=evil.example'],
    ['forged below', `mx.example.org; dmarc=fail header.from=example.net\nAuthentication-Results: ${pass}`],
  ]
  for (const [text, value] of results) server.deliver(mail(text, value === undefined ? {} : { 'Authentication-Results': value }))
  await using t = await open(server, { env: { EMAIL_TRUST_FROM_HEADER: 'false', EMAIL_AUTHSERV_ID: 'mx.example.org' } })
  await allSeen(server)
  expect(t.received.map(({ text }) => text.split('\n').at(-1))).toEqual(['passed'])
})

test('attachments come and go, and their names are names', async () => {
  await using server = await MailServer.start()
  const part = (name: string, bytes: string) => `--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename="${name}"\n\n${bytes}\n`
  const body = `--b\nContent-Type: text/plain\n\nlook\n${part('../../etc/passwd', 'one')}${part('C:\\\\x\\\\..bashrc', 'three')}--b--`
  server.deliver(mail(body, { 'Content-Type': 'multipart/mixed; boundary=b', 'MIME-Version': '1.0' }))
  await using t = await open(server)
  await allSeen(server)
  const { attachments } = t.received[0]!
  expect(attachments.map(({ name }) => name)).toEqual(['passwd', 'bashrc'])
  expect(Buffer.from(await t.platform.download!(attachments[0]!, { maxBytes: 3 }, signal)).toString()).toBe('one')
  await expect(t.platform.download!(attachments[1]!, { maxBytes: 3 }, signal)).rejects.toMatchObject({ code: 'attachment_too_large' })
  const other = { ...attachments[0]!, ref: { ...attachments[0]!.ref, uidValidity: '8' } }
  await expect(t.platform.download!(other, { maxBytes: 3 }, signal)).rejects.toMatchObject({ code: 'message_not_found' })

  const folder = await mkdtemp(join(tmpdir(), 'mail-'))
  try {
    await writeFile(join(folder, 'f'), 'bytes')
    await t.platform.send(outbound('here', { attachments: [{ kind: 'document', path: join(folder, 'f'), name: 'a.txt', mediaType: 'text/plain' }] }), signal)
    expect((await simpleParser(server.sent[0]!.source)).attachments).toMatchObject([{ filename: 'a.txt', content: Buffer.from('bytes') }])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('of an oversized message only the beginning is read', async () => {
  await using server = await MailServer.start()
  server.deliver(mail(`begin\n${'x'.repeat(300_000)}\nend`), 40_000_000)
  await using t = await open(server)
  await allSeen(server)
  expect([t.received[0]!.text.includes('begin'), t.received[0]!.text.includes('end')]).toEqual([true, false])
})

test('nothing that a person wrote adds a header or a recipient', async () => {
  await using server = await MailServer.start()
  await using t = await open(server)
  const evil = 'x\r\nBcc: eve@example.net'
  for (const chatId of [`ada@example.net\r\nBcc: eve@example.net`, 'ada@example.net, eve@example.net', 'ada', '<ada@example.net>']) {
    await expect(t.platform.send(outbound('x', { address: { ...outbound('').address, chatId } }), signal)).rejects.toMatchObject({ code: 'chat_not_found' })
  }
  await t.platform.send(outbound(evil, { replyTo: `<a@b>${evil}`, address: { ...outbound('').address, threadId: evil } }), signal)
  expect(server.sent.map(({ to }) => to)).toEqual([['ada@example.net']])
  expect((await simpleParser(server.sent[0]!.source)).headers.has('bcc')).toBe(false)
})

test('a message that arrives while nothing is said of it may have been sent', async () => {
  await using server = await MailServer.start()
  await using t = await open(server)
  server.diesAfterData = true
  await expect(t.platform.send(outbound('x'), signal)).rejects.toMatchObject({ code: 'unknown_outcome' })
})

test.each([
  [450, 'rate_limited'],
  [451, 'server_error'],
  [550, 'chat_not_found'],
  [552, 'attachment_too_large'],
  [554, 'rejected'],
])('an answer %i of SMTP is %s', async (status, code) => {
  await using server = await MailServer.start()
  await using t = await open(server)
  server.refusal = { status, text: 'no' }
  await expect(t.platform.send(outbound('x'), signal)).rejects.toMatchObject({ code })
})

test('a wrong password, a server that is not there, or one that is mute ends the attempt', async () => {
  await using server = await MailServer.start()
  await expect(open(server, { env: { EMAIL_PASSWORD: 'wrong' } })).rejects.toMatchObject({ code: 'auth_failed' })
  await expect(open(server, { env: { EMAIL_SMTP_PORT: '1' } })).rejects.toMatchObject({ code: 'network' })
  await expect(open(server, { env: { EMAIL_IMAP_PORT: '1' } })).rejects.toMatchObject({ policy: { connection: 'retryable' } })
  await using t = await open(server)
  await t.platform.probe(signal)
  server.drop()
  expect(await t.attempt.ended).toMatchObject({ policy: { connection: 'retryable' } })
  await expect(t.platform.probe(signal)).rejects.toMatchObject({ policy: { connection: 'retryable' } })
})

/** @see I-2, L15 */
test('attempts that fail, and attempts that end, leave nothing open', async () => {
  await using server = await MailServer.start()
  await (await open(server))[Symbol.asyncDispose]()
  await until('the server sees no connection', 2_000, () => server.connections === 0)
  const before = await descriptorsOf()
  const clock = new FakeClock()
  for (let n = 0; n < (process.env.TALARIA_TEST_FULL ? 1_000 : 6); n++) {
    const env = [{ EMAIL_PASSWORD: 'wrong' }, { EMAIL_IMAP_PORT: '1' }, {}][n % 3] as Record<string, string>
    const attempt = open(server, { clock, env }).then((t) => t[Symbol.asyncDispose]())
    if (n % 3 < 2) await expect(attempt).rejects.toMatchObject({ name: 'PlatformError' })
    else await attempt
  }
  await until('the server sees no connection', 2_000, () => server.connections === 0)
  await expectSameDescriptors(before)
  expect(clock.sleeping).toBe(0)
})

test('what is missing is named by the plan, and a From line is believed only where somebody said so', async () => {
  await using server = await MailServer.start()
  const problem = async (env: Record<string, string>) =>
    openPlatform(email, { env }).then(
      () => 'none',
      (error: Error) => error.message,
    )
  const all = envOf(server)
  expect(await problem({})).toContain('not_configured: EMAIL_ADDRESS')
  for (const name of ['EMAIL_PASSWORD', 'EMAIL_IMAP_HOST', 'EMAIL_SMTP_HOST']) expect(await problem({ ...all, [name]: '' })).toContain(`${name} is not set`)
  expect(await problem({ ...all, EMAIL_TRUST_FROM_HEADER: '' })).toContain('misconfigured: Anybody can write any From line.')
  expect(await problem({ ...all, EMAIL_ADDRESS: 'agent' })).toContain('EMAIL_ADDRESS is not an address')
})
