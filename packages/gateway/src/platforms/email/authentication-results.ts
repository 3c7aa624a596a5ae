import type { HeaderLines } from 'mailparser'
import { headerValues } from './automatic-mail.ts'

/**
 * Whether the mail server that we trust found the From line to be true: its topmost Authentication-Results says that DMARC
 * passed for the domain of `from`. Results under other names, or further down, may have been written by the sender.
 *
 * @see RFC 8601
 */
export function isSenderVerified(lines: HeaderLines, { from, authservId }: { readonly from: string; readonly authservId: string }): boolean {
  const ours = headerValues(lines, 'authentication-results')
    .map(withoutComments)
    .find((value) => idOf(value) === authservId.toLowerCase())
  const dmarc = ours?.split(';').find((part) => /^\s*dmarc\s*=/i.test(part))
  if (!dmarc || !/^\s*dmarc\s*=\s*pass(?:\s|$)/i.test(dmarc)) return false
  const domain = /\bheader\.from\s*=\s*"?([^\s;"]+)/i.exec(dmarc)?.[1]
  return domain === undefined || domain.toLowerCase() === from.split('@').at(-1)
}

const idOf = (value: string) => value.split(';')[0]?.trim().split(/\s+/)[0]?.toLowerCase()

/** Comments may hold anything, also what looks like a result, and may be nested. */
function withoutComments(value: string): string {
  let depth = 0
  let text = ''
  for (const character of value) {
    if (character === '(') depth += 1
    if (depth === 0) text += character
    if (character === ')' && depth > 0) depth -= 1
  }
  return text
}
