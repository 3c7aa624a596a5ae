const CENSOR = '[redacted]'

// Names under which secrets travel: as environment variables, in headers, in bodies. `session_key` and
// `idempotency_key` are none of them; the log is of little use without those.
const NAME =
  '(?:[A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE)|(?i:(?:proxy-)?authorization|(?:set-)?cookie|(?:x-)?api[-_]?key|private[-_]?key|secret[-_]?key|(?:[a-z]+[-_]?)?token|(?:client[-_]?)?secret|password|passwd|passphrase|key))'

const STRING = String.raw`"(?:[^"\\]|\\.)*"`
// A string within a string: what JSON text looks like once it is quoted in a message.
const QUOTED_STRING = String.raw`\\"(?:[^"\\]|\\\\(?:\\["\\]|[^"\\]))*\\"`

// Each replacement takes whole tokens, or stops before the next quote or backslash, so that JSON stays JSON.
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [new RegExp(`("${NAME}"\\s*:\\s*)(?:${STRING}|\\[\\s*${STRING}(?:\\s*,\\s*${STRING})*\\s*\\]|-?\\d[\\d.eE+-]*)`, 'g'), `$1"${CENSOR}"`],
  [new RegExp(String.raw`(\\"${NAME}\\"\s*:\s*)${QUOTED_STRING}`, 'g'), String.raw`$1\"${CENSOR}\"`],
  [/\b((?:proxy-)?authorization:\s*(?:[a-z]+\s+)?)[^\s"'\\,;]+/gi, `$1${CENSOR}`],
  [/\b(bearer\s+)[\w.~+/=-]{6,}/gi, `$1${CENSOR}`],
  [/\b((?:sk|pk|rk|xox[abprs]|gh[oprsu]|glpat)[-_])[\w-]{12,}/g, `$1${CENSOR}`],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/"\\@]{1,256}@/gi, `$1${CENSOR}@`],
  [/([?&](?:api[-_]?key|key|(?:[a-z]+[-_])?token|secret|password|sig|signature)=)[^&\s"'\\#]+/gi, `$1${CENSOR}`],
  [/\b([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE)\s*=\s*(?:\\?["'])?)[^\s"'\\]+/g, `$1${CENSOR}`],
]

// Nearly every text has none of it, and one look is cheaper than eight.
const SUSPICIOUS = /key|token|secret|pass|authorization|cookie|bearer|[spr]k[-_]|xox|gh[oprsu]_|glpat|:\/\//i

/**
 * The text with secrets replaced by `[redacted]`: values of JSON fields and variables named like one, bearer tokens, keys
 * by their prefix, credentials in URLs. JSON in, JSON out; also JSON quoted within a message. A net under code that
 * should not log secrets in the first place, not a licence to do so.
 */
export function redactSecrets(text: string): string {
  if (!SUSPICIOUS.test(text)) return text
  let clean = text
  for (const [pattern, replacement] of RULES) clean = clean.replace(pattern, replacement)
  return clean
}
