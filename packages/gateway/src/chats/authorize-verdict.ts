/** What somebody may do who may talk to the agent at all. */
export type Tier = 'user' | 'admin'

/**
 * Why a message is not answered. `bot`: of a bot, and none are answered here. `bot_loop`: of a bot, after so many of bots that nobody
 * else can be in it. `not_mentioned`: said in a group, not to us. `no_sender`: the platform does not say whose it is. `unknown_sender`:
 * of somebody who is not allowed.
 */
export type Denial = 'bot' | 'bot_loop' | 'not_mentioned' | 'no_sender' | 'unknown_sender'

/** Whether a message is for us to answer. `answer` is what to say to who was refused, where anything is. */
export type Verdict =
  | { readonly kind: 'allowed'; readonly tier: Tier }
  | { readonly kind: 'ignored'; readonly reason: Denial }
  | { readonly kind: 'refused'; readonly reason: Denial; readonly answer?: string }
