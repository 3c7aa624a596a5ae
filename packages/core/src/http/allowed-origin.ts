/**
 * Whether the `Origin` of a request is one of `allowed`, or `*` is. Compared as browsers write them: scheme, name and
 * port, default ports left out, in any case. `null`, which pages without an origin send, must be listed to be allowed.
 */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true
  const wanted = originOf(origin)
  return wanted !== undefined && allowed.some((candidate) => originOf(candidate) === wanted)
}

/** A text in the form of an origin; `undefined` if it is more than one: a path, a user, a pattern. */
function originOf(text: string): string | undefined {
  if (text === 'null') return text
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#@\\*\s]+\/?$/i.test(text) || !URL.canParse(text)) return undefined
  const { protocol, host } = new URL(text)
  // Not URL.origin, which is "null" for schemes such as that of an extension or an application.
  return `${protocol}//${host}`
}
