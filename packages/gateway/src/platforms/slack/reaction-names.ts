/** Slack knows reactions by names. These are the ones that the gateway sets; any other may be given by its name. */
const NAMES: Readonly<Record<string, string>> = {
  '👀': 'eyes',
  '✅': 'white_check_mark',
  '❌': 'x',
  '⏳': 'hourglass_flowing_sand',
  '⌛': 'hourglass',
  '👍': '+1',
  '👎': '-1',
  '🤔': 'thinking_face',
  '⚠️': 'warning',
  '🛑': 'octagonal_sign',
  '❤️': 'heart',
  '🎉': 'tada',
  '🔥': 'fire',
}

/** Slack's name of an emoji, `undefined` where we know none. */
export function reactionName(emoji: string): string | undefined {
  return NAMES[emoji] ?? (/^[a-z0-9_+'-]+$/.test(emoji) ? emoji : undefined)
}
