import { InputError } from './input-error.ts'

/** Deeper than any real request (a tool's JSON Schema reaches about 20), shallower than what overflows a recursive reader. */
const MAX_DEPTH = 200

/** A JSON object out of a request's text; an empty text is an empty object. @throws InputError `invalid_json` */
export function parseJsonObject(text: string): Record<string, unknown> {
  if (depthOf(text) > MAX_DEPTH) throw new InputError('invalid_json', `The request body is nested deeper than ${MAX_DEPTH} levels.`)
  let value: unknown
  try {
    value = JSON.parse(text === '' ? '{}' : text)
  } catch (error) {
    throw new InputError('invalid_json', `The request body is not valid JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(
      'invalid_json',
      `The request body must be a JSON object, not ${value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`}.`,
    )
  }
  if (/\\u[dD][89a-fA-F]/.test(text) && hasLoneSurrogate(value)) {
    throw new InputError('invalid_json', 'The request body holds half of a surrogate pair (\\ud800 to \\udfff), which is no character and cannot be stored.')
  }
  return value as Record<string, unknown>
}

/** SQLite would store half a pair as U+FFFD: what was accepted would not be what is kept. */
function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed()
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => !key.isWellFormed() || hasLoneSurrogate(inner))
}

/** How deep brackets nest, without building anything: counted before parsing, because parsing is what a bomb attacks. */
function depthOf(text: string): number {
  // Most bodies are small and shallow; a text with few opening brackets cannot be deep.
  if (text.length <= MAX_DEPTH) return 0
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (inString) {
      if (char === 92 /* \ */) i++
      else if (char === 34 /* " */) inString = false
    } else if (char === 34) inString = true
    else if (char === 123 || char === 91) deepest = Math.max(deepest, ++depth)
    else if (char === 125 || char === 93) depth--
  }
  return deepest
}
