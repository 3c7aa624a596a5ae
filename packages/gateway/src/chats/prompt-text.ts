import type { InboundMessage } from './inbound-message.ts'

const LONGEST_QUOTE = 500
const LONGEST_NAME = 60

/** What the agent is told that somebody said: in a shared conversation by whom, and in answer to what where it quotes another's words. */
export function promptText({ text, sender, replyTo, isVouchedFor, wakes }: InboundMessage, isShared: boolean): string {
  const quoted = replyTo?.text !== undefined && !replyTo.isOurs ? `[in reply to: ${replyTo.text.slice(0, LONGEST_QUOTE)}]\n` : ''
  // Of a webhook, or of what woke the conversation, nobody is the speaker. Brackets and line breaks would let a name pass for something that the gateway says.
  const speaker = isShared && !isVouchedFor && !wakes ? `[${(sender.name ?? sender.id).replaceAll(/[[\]\r\n]/g, ' ').slice(0, LONGEST_NAME)}] ` : ''
  return quoted + speaker + text
}
