/** A code block's first line: its marker, and what language it is. */
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/

/** A cut that leaves less than this share of the room used is worth avoiding: it makes many small messages. */
const WORTHWHILE = 1 / 3

interface Fence {
  readonly marker: string
  readonly line: string
}

interface Cut {
  /** Where the part ends, in the rest of the text. */
  readonly end: number
  /** Where the next part begins: what lies between is the break, which nobody needs. */
  readonly next: number
  /** The code block that the cut is in. */
  readonly fence: Fence | undefined
}

/**
 * Splits Markdown into parts of at most `maxLength` UTF-16 code units, between paragraphs where it can, else lines, else
 * words, and never inside a character. A code block that is cut is closed in the one part and opened again in the next, so that each
 * part is Markdown by itself. Blank parts are left out.
 */
export function splitText(text: string, maxLength: number): readonly string[] {
  const parts: string[] = []
  let rest = text
  let fence: Fence | undefined
  while (rest !== '') {
    const head = fence ? `${fence.line}\n` : ''
    if (head.length + rest.length <= maxLength) {
      parts.push(head + rest)
      break
    }
    const cut = cutOf(rest, { fence, room: maxLength - head.length })
    parts.push(head + rest.slice(0, cut.end) + (cut.fence ? `\n${cut.fence.marker}` : ''))
    rest = rest.slice(cut.next)
    fence = cut.fence
  }
  return parts.filter((part) => part.trim() !== '')
}

function cutOf(text: string, { fence, room }: { readonly fence: Fence | undefined; readonly room: number }): Cut {
  const fits = (end: number, within: Fence | undefined) => end + (within ? within.marker.length + 1 : 0) <= room
  let within = fence
  let line: Cut | undefined
  let paragraph: Cut | undefined
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end <= room; end = text.indexOf('\n', start)) {
    const content = text.slice(start, end)
    within = shortened(fenceAfter(content, within), room)
    if (end > 0 && fits(end, within)) line = { end, next: end + 1, fence: within }
    if (content.trim() === '' && !within && start > 1) paragraph = { end: start - 1, next: end + 1, fence: undefined }
    start = end + 1
  }
  if (paragraph && paragraph.end >= room * WORTHWHILE) return paragraph
  if (line && (line.end >= room * WORTHWHILE || FENCE.test(text.slice(start, room)))) return line
  return withinLine(text, { fence: within, start, room })
}

/** Cuts a line that is too long for one part. */
function withinLine(text: string, { fence, start, room }: { readonly fence: Fence | undefined; readonly start: number; readonly room: number }): Cut {
  const limit = Math.max(1, room - (fence ? fence.marker.length + 1 : 0))
  const space = text.lastIndexOf(' ', limit)
  if (space > Math.max(start, limit * WORTHWHILE)) return { end: space, next: space + 1, fence }
  const end = isInsideCharacter(text, limit) ? Math.max(limit - 1, 0) || 2 : limit
  return { end, next: end, fence }
}

function isInsideCharacter(text: string, at: number): boolean {
  return /[\uD800-\uDBFF]/.test(text[at - 1] ?? '') && /[\uDC00-\uDFFF]/.test(text[at] ?? '')
}

/** The code block we are in after a line. */
function fenceAfter(line: string, within: Fence | undefined): Fence | undefined {
  const [, marker, info = ''] = FENCE.exec(line) ?? []
  if (marker === undefined) return within
  if (!within) return marker.startsWith('`') && info.includes('`') ? undefined : { marker, line }
  return marker.startsWith(within.marker) && info.trim() === '' ? undefined : within
}

/** A language that takes up most of the room is not repeated; nor is a code block where there is no room for its marks. */
function shortened(fence: Fence | undefined, room: number): Fence | undefined {
  if (!fence || fence.line.length + fence.marker.length + 2 <= room / 2) return fence
  return fence.marker.length * 2 + 2 <= room / 2 ? { marker: fence.marker, line: fence.marker } : undefined
}
