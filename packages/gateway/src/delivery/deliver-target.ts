/** Where output may go that answers nobody, read. */
export type DeliverTarget =
  /** To nobody: its session is in the list of sessions, or is not. */
  | { readonly kind: 'session' | 'none' }
  /** The chat that it came from. */
  | { readonly kind: 'origin' }
  /** Every home chat, or that of one platform. */
  | { readonly kind: 'home'; readonly platform?: string }
  /** A chat of a platform, and perhaps a thread in it. */
  | { readonly kind: 'chat'; readonly platform: string; readonly reference: string }

const WORDS: Readonly<Record<string, DeliverTarget>> = {
  session: { kind: 'session' },
  local: { kind: 'session' },
  none: { kind: 'none' },
  origin: { kind: 'origin' },
  home: { kind: 'home' },
  all: { kind: 'home' },
}

/** Reads `session`, `none`, `origin`, `home`, a platform, or `platform:chat[:thread]`; `undefined` for what is none of them. */
export function parseDeliverTarget(text: string, platforms: readonly string[]): DeliverTarget | undefined {
  const word = text.trim()
  if (Object.hasOwn(WORDS, word)) return WORDS[word]
  const colon = word.indexOf(':')
  const platform = colon === -1 ? word : word.slice(0, colon)
  if (!platforms.includes(platform)) return undefined
  if (colon === -1) return { kind: 'home', platform }
  const reference = word.slice(colon + 1)
  return reference === '' ? undefined : { kind: 'chat', platform, reference }
}
