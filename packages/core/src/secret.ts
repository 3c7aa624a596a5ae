import { hash, timingSafeEqual } from 'node:crypto'

/** Shorter ones can be guessed by trying; the same bound that earlier systems of this kind set. */
export const SHORTEST_SECRET = 16

/** What is wrong with a secret, and the same in words that follow the name of the variable. */
export interface SecretProblem {
  readonly problem: 'absent' | 'placeholder' | 'too_short'
  readonly reason: string
}

// What examples, tutorials and container files put where a secret belongs.
const PLACEHOLDER_WORDS =
  /^(?:change|replace|insert|enter|set|put|use|your|my|this|the|with|here|me|it|please|todo|a|api|server|root|admin|key|token|secret|password|passphrase|placeholder|example|sample|default|dummy|test|testing|demo|none|null|undefined|foo|bar|baz|sk|x|real|own|some|strong|long|random|value|string|talaria|hermes|gateway|webui|kanban|openai)+$/

// Longer values are not looked at: no placeholder has this length, and a regular expression need not meet a megabyte.
const LONGEST_PLACEHOLDER = 128

/**
 * Whether a value can serve as a secret: `'ok'`, or what is wrong with it. Placeholders are known words that stand
 * alone, brackets to fill in, and values without variety (repeated characters, `1234…`, `abc…`). Who asks decides what follows.
 */
export function judgeSecret(value: string | undefined): 'ok' | SecretProblem {
  const secret = value?.trim() ?? ''
  if (secret === '') return { problem: 'absent', reason: 'is not set' }
  if (isPlaceholder(secret)) return { problem: 'placeholder', reason: 'is a placeholder, not a secret' }
  if (secret.length < SHORTEST_SECRET) return { problem: 'too_short', reason: `has fewer than ${SHORTEST_SECRET} characters` }
  return 'ok'
}

/** Whether two secrets are the same, in a time that tells nothing about where they differ, nor about their lengths. */
export function secretsEqual(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}

function isPlaceholder(secret: string): boolean {
  if (secret.length > LONGEST_PLACEHOLDER) return false
  if (/^(?:<.*>|\$\{.*\}|\{\{.*\}\}|\[.*\])$/.test(secret)) return true
  const plain = secret.toLowerCase().replace(/[^a-z0-9]/g, '')
  const letters = plain.replace(/[0-9]/g, '')
  // Six letters: a random value of digits with one letter in it would else be the word "a".
  if (letters.length >= 6 && PLACEHOLDER_WORDS.test(letters)) return true
  return new Set(secret).size < 5 || isPeriodic(plain) || '0123456789abcdefghijklmnopqrstuvwxyz'.includes(plain)
}

/** Whether a value is a short one said over and over, as `1234567890123456` is. */
function isPeriodic(text: string): boolean {
  for (let period = 1; period <= Math.min(10, text.length / 1.5); period++) {
    if ([...text].every((character, index) => index < period || character === text[index - period])) return true
  }
  return false
}
