import type { HeaderLines } from 'mailparser'

/** The values of a header, topmost first, unfolded. */
export function headerValues(lines: HeaderLines, name: string): string[] {
  return lines
    .filter(({ key }) => key === name)
    .map(({ line }) =>
      line
        .slice(line.indexOf(':') + 1)
        .replaceAll(/\r?\n[ \t]+/g, ' ')
        .trim(),
    )
}

/**
 * Why a message is one that no person wrote and that must not be answered, or `undefined`. Answering a machine that
 * answers is a loop. @see RFC 3834 section 2
 */
export function automaticReason(lines: HeaderLines, { from, ourAddress }: { readonly from: string; readonly ourAddress: string }): string | undefined {
  const first = (name: string) => headerValues(lines, name)[0]?.toLowerCase()
  const submitted = first('auto-submitted')
  if (submitted !== undefined && submitted.split(';')[0]?.trim() !== 'no') return 'Auto-Submitted'
  if (/^(?:bulk|list|junk|auto_reply)\b/.test(first('precedence') ?? '')) return 'Precedence'
  if (first('list-id') !== undefined) return 'List-Id'
  if (first('x-autoreply') !== undefined || first('x-autorespond') !== undefined) return 'X-Autoreply'
  if (first('return-path') === '<>' || /^multipart\/report\b/.test(first('content-type') ?? '')) return 'a bounce'
  if (from === ourAddress.toLowerCase()) return 'our own address'
  return /^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply)@/.test(from) ? 'its sender' : undefined
}
