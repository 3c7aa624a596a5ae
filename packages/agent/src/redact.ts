/** Longest text of somebody else's that goes into a message for people. */
const MAX_CHARS = 300

/** What looks like a key although it is none of ours: a provider may repeat half of one in its complaint. */
const KEY_LIKE = /\b(?:sk|pk|rk|key|xox[abp]|ghp|AIza)[-_][\w*.-]{6,}|\bBearer\s+\S+|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*/g

/** Shorter settings are not secrets but placeholders, as local servers want them (`ollama`), and ordinary words. */
const MIN_SECRET_CHARS = 8

/** Makes other people's words fit to show: without keys and control characters, on one line, and short. */
export type Redact = (text: string) => string

/** A `Redact` that knows these secrets by heart. */
export function createRedact(secrets: readonly (string | undefined)[]): Redact {
  const known = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= MIN_SECRET_CHARS)
  return (text) => {
    let shown = text.slice(0, MAX_CHARS * 4)
    for (const secret of known) shown = shown.replaceAll(secret, '[redacted]')
    shown = shown
      .replace(KEY_LIKE, '[redacted]')
      .replace(/[\p{Cc}\s]+/gu, ' ')
      .trim()
    return shown.length > MAX_CHARS ? `${shown.slice(0, MAX_CHARS)}…` : shown
  }
}
