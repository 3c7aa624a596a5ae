import type { SettingsOf } from '@talaria/core/config'
import type { InboundAttachment } from '../../chats/inbound-message.ts'
import type { OutboundMessage } from '../../chats/outbound-message.ts'
import { definePlatform, type ConnectContext } from '../definition.ts'
import type { Platform, PlatformPlan, Sent } from '../platform.ts'
import { PlatformError } from '../platform-error.ts'
import { isSenderVerified } from './authentication-results.ts'
import { automaticReason } from './automatic-mail.ts'
import { emailErrorOf } from './email-error.ts'
import { emailSettings } from './email-settings.ts'
import { Inbox, type InboxOptions } from './inbox.ts'
import { inboundOfMail, isAddress, senderOf } from './inbound-mail.ts'
import { MailSender } from './mail-sender.ts'
import { orAborted } from './or-aborted.ts'
import { SenderLimit } from './sender-limit.ts'

type Settings = SettingsOf<typeof emailSettings>

/** E-mail: an account of the agent's own, read by IMAP and answered by SMTP; a thread is a conversation. */
export const email = definePlatform({
  name: 'email',
  label: 'E-mail',
  settings: emailSettings,
  plan: planEmail,
  accountOf: ({ emailAddress = '' }) => emailAddress.toLowerCase(),
  async connect(settings, context) {
    const { emailAddress: account = '', emailPassword: password = '', emailUser: user = account } = settings
    const isEncrypted = settings.emailEncryption === 'required'
    const sender = new MailSender({ host: settings.emailSmtpHost ?? '', port: settings.emailSmtpPort, user, password, isEncrypted })
    await sender.verify(context.signal)
    const inbox = await Inbox.open({
      connection: {
        host: settings.emailImapHost ?? '',
        port: settings.emailImapPort,
        secure: isEncrypted && settings.emailImapPort === 993,
        ...(settings.emailImapPort !== 993 && { doSTARTTLS: isEncrypted }),
        auth: { user, pass: password },
      },
      take: takeMail(settings, context),
      context,
    })
    return new EmailPlatform({ account: account.toLowerCase(), inbox, sender })
  },
})

function planEmail({ emailAddress, emailPassword, emailSmtpHost, emailImapHost, emailAuthservId, emailTrustFromHeader }: Settings): PlatformPlan {
  if (emailAddress === undefined) return { state: 'not_configured', reason: 'EMAIL_ADDRESS is not set.' }
  const missing = Object.entries({ EMAIL_PASSWORD: emailPassword, EMAIL_SMTP_HOST: emailSmtpHost, EMAIL_IMAP_HOST: emailImapHost }).find(
    ([, value]) => value === undefined,
  )
  if (missing) return { state: 'not_configured', reason: `${missing[0]} is not set.` }
  if (!isAddress(emailAddress)) return { state: 'misconfigured', reason: 'EMAIL_ADDRESS is not an address.' }
  if (emailAuthservId !== undefined || emailTrustFromHeader) return { state: 'ready' }
  const reason =
    'Anybody can write any From line. Set EMAIL_AUTHSERV_ID to the name by which your mail server reports DMARC, or EMAIL_TRUST_FROM_HEADER to true.'
  return { state: 'misconfigured', reason }
}

/** What is done with each message of the mailbox: what no person wrote, or nobody vouches for, is left there and never answered. */
function takeMail(settings: Settings, context: ConnectContext): InboxOptions['take'] {
  const { emailAddress: account = '', emailAuthservId: authservId, emailTrustFromHeader: isTrusting } = settings
  const limit = new SenderLimit({ perHour: settings.emailMaxPerHour, clock: context.clock })
  return async (mail, place) => {
    const leave = (why: string) => context.log.info({ uid: place.uid, why }, 'a message was not taken in')
    const from = senderOf(mail)
    if (from === undefined) return leave('it names no single sender')
    const automatic = automaticReason(mail.headerLines, { from, ourAddress: account })
    if (automatic !== undefined) return leave(`it is automatic, by ${automatic}`)
    const isVerified = authservId !== undefined && isSenderVerified(mail.headerLines, { from, authservId })
    if (!isVerified && !isTrusting) return leave('nobody vouches for its sender')
    if (!limit.admits(from)) return leave('its sender wrote too many')
    await context.receive(inboundOfMail(mail, { account: account.toLowerCase(), from, place, nowMs: context.clock.now() }))
  }
}

class EmailPlatform implements Platform {
  readonly account: string
  readonly capabilities = {
    threads: true,
    edits: false,
    typing: false,
    reactions: false,
    files: true,
    voice: false,
    maxLength: 50_000,
    markup: 'plain',
    editEveryMs: 0,
    commandPrefix: '/',
  } as const
  readonly #inbox: Inbox
  readonly #sender: MailSender

  constructor({ account, inbox, sender }: { readonly account: string; readonly inbox: Inbox; readonly sender: MailSender }) {
    this.account = account
    this.#inbox = inbox
    this.#sender = sender
  }

  /** The message id is made of ours: a resend is the same message for every mailbox that it arrives in. */
  async send({ id, address, text, attachments, replyTo }: OutboundMessage, signal: AbortSignal): Promise<Sent> {
    if (text.length > this.capabilities.maxLength) throw new PlatformError('too_long', `A message has at most ${this.capabilities.maxLength} characters.`)
    if (!isAddress(address.chatId)) throw new PlatformError('chat_not_found', 'The recipient is not an address.')
    const messageId = `<${id}@${this.account.split('@')[1]}>`
    const answered = replyTo ?? (address.threadId || undefined)
    const references = [...new Set([address.threadId, replyTo].filter((one): one is string => Boolean(one)))]
    const mail = {
      messageId,
      from: { name: '', address: this.account },
      to: { name: '', address: address.chatId },
      subject: await this.#subject(answered, text, signal),
      text,
      headers: { 'Auto-Submitted': answered === undefined ? 'auto-generated' : 'auto-replied' },
      ...(answered !== undefined && { inReplyTo: answered, references }),
      files: attachments,
    }
    await this.#sender.send(mail, signal)
    return { messageId }
  }

  async download({ ref }: InboundAttachment, { maxBytes }: { readonly maxBytes: number }, signal: AbortSignal): Promise<Uint8Array> {
    const mail = await orAborted(signal, this.#inbox.read({ uidValidity: String(ref.uidValidity), uid: Number(ref.uid) })).catch(rethrow)
    const attachment = mail.attachments[Number(ref.index)]
    if (!attachment) throw new PlatformError('message_not_found', 'The message has no such attachment.')
    if (attachment.size > maxBytes) throw new PlatformError('attachment_too_large', `The attachment has ${attachment.size} bytes.`)
    return attachment.content
  }

  async probe(signal: AbortSignal): Promise<void> {
    await orAborted(signal, this.#inbox.probe()).catch(rethrow)
  }

  /** That of the message that is answered, which is still in the mailbox; else the first words. */
  async #subject(answered: string | undefined, text: string, signal: AbortSignal): Promise<string> {
    if (answered === undefined) return text.split('\n')[0]?.slice(0, 78) || 'A message'
    const subject = await orAborted(signal, this.#inbox.subjectOf(answered)).catch(() => undefined)
    return subject === undefined ? 'Re: your message' : `Re: ${subject.replace(/^(?:re:\s*)+/i, '')}`
  }
}

function rethrow(error: unknown): never {
  throw emailErrorOf(error, 'IMAP')
}
