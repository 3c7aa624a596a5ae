import type { Log } from '@talaria/core'
import type { Pairing } from '../pairing/pairing.ts'
import type { AccessPolicy } from './authorize-policy.ts'
import type { Denial, Tier, Verdict } from './authorize-verdict.ts'
import type { BotLoops } from './authorize-bot-loops.ts'
import type { DenialCounts } from './authorize-denials.ts'
import type { InboundMessage } from './inbound-message.ts'

/** Where an answer to a stranger would go to whoever a forged sender names. */
const SILENT_PLATFORMS: ReadonlySet<string> = new Set(['email'])

export interface AuthorizeOptions {
  readonly policyOf: (platform: string) => AccessPolicy
  readonly pairing: Pick<Pairing, 'isPaired' | 'request'>
  readonly botLoops: BotLoops
  readonly denials: DenialCounts
  readonly log: Log
}

/** Whether a message is for us to answer, and with what rights. Whatever no setting and no pairing allows is refused. */
export type Authorize = (message: InboundMessage) => Promise<Verdict>

/** Decides by ids that the platform vouches for, never by names or by what a text says; see docs/authorisation.md for the order. */
export function createAuthorize({ policyOf, pairing, botLoops, denials, log }: AuthorizeOptions): Authorize {
  const deny = (kind: 'ignored' | 'refused', message: InboundMessage, reason: Denial): Extract<Verdict, { reason: Denial }> => {
    denials.add(message.address.platform, reason)
    if (kind === 'refused' || reason === 'bot_loop')
      log.warn({ platform: message.address.platform, chat: message.address.chatId, user: message.sender.id, reason }, 'a message was not let in')
    return { kind, reason }
  }

  return async (message) => {
    const { platform } = message.address
    if (message.isVouchedFor) return { kind: 'allowed', tier: 'user' }
    const policy = policyOf(platform)
    const unanswered = unansweredBecause(message, policy)
    if (unanswered) return deny('ignored', message, unanswered)
    if (message.sender.id === '') return deny('refused', message, 'no_sender')
    const tier = await tierOf(message, policy, pairing)
    if (!tier) {
      const verdict = deny('refused', message, 'unknown_sender')
      const answer = mayPair(message) ? await invitation(message, pairing) : undefined
      return answer === undefined ? verdict : { ...verdict, answer }
    }
    if (botLoops.note(message) === 'loop') return deny('ignored', message, 'bot_loop')
    return { kind: 'allowed', tier }
  }
}

function unansweredBecause({ sender, kind, mentionsUs, replyTo }: InboundMessage, { allowBots, requireMention }: AccessPolicy): Denial | undefined {
  if (sender.isBot && (allowBots === 'none' || (allowBots === 'mentions' && !mentionsUs))) return 'bot'
  return kind !== 'direct' && requireMention && !mentionsUs && !replyTo?.isOurs ? 'not_mentioned' : undefined
}

async function tierOf({ address, sender }: InboundMessage, policy: AccessPolicy, pairing: AuthorizeOptions['pairing']): Promise<Tier | undefined> {
  const isAdmin = policy.adminUsers.has(sender.id)
  const isKnown = isAdmin || policy.allowedUsers.has(sender.id) || (await pairing.isPaired(address.platform, sender.id))
  // Whoever came in with a crowd is nobody's choice for an admin, and a bot does what anybody tells it.
  if (isKnown) return !sender.isBot && (isAdmin || policy.adminUsers.size === 0) ? 'admin' : 'user'
  const isInCrowd = policy.allowAllUsers || policy.allowedChats.has(address.chatId) || (sender.roles ?? []).some((role) => policy.allowedRoles.has(role))
  return isInCrowd ? 'user' : undefined
}

function mayPair({ address, kind, sender }: InboundMessage): boolean {
  return kind === 'direct' && !sender.isBot && !SILENT_PLATFORMS.has(address.platform)
}

async function invitation({ address, sender }: InboundMessage, pairing: AuthorizeOptions['pairing']): Promise<string | undefined> {
  const code = await pairing.request({ platform: address.platform, userId: sender.id, userName: sender.name })
  if (code === undefined) return undefined
  return `I do not know you yet. Your pairing code is ${code}, for one hour. Have whoever runs this gateway enter:\n\n    talaria pairing approve ${address.platform} ${code}`
}
