/** How a stretch of text looks. */
export type Style = 'bold' | 'italic' | 'strikethrough' | 'blockquote'

/** A stretch of text that looks the same throughout. Code has no style: Telegram allows nothing within it or around it. */
export interface Run {
  readonly text: string
  readonly styles?: ReadonlySet<Style>
  readonly isCode?: boolean
  readonly pre?: { readonly language?: string }
  /** The same object for all runs of one link. */
  readonly link?: { readonly url: string }
}

const MARKS: readonly (readonly [mark: string, styles: readonly Style[]])[] = [
  ['***', ['bold', 'italic']],
  ['**', ['bold']],
  ['__', ['bold']],
  ['~~', ['strikethrough']],
  ['*', ['italic']],
  ['_', ['italic']],
]
const LINK = /!?\[((?:[^\][\\]|\\.)+)\]\(\s*<?((?:https?|tg|mailto|tel):[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/iy
// Deeper than anybody writes; it bounds the work for a text that was made to be slow.
const MAX_DEPTH = 8

/** The inline Markdown of one line as runs. What is no complete markup stays as it was written. */
export function parseInline(text: string, styles: ReadonlySet<Style>, link?: Run['link'], depth = 0): Run[] {
  const runs: Run[] = []
  const unclosed = new Set<string>()
  let plain = ''
  const flush = () => {
    if (plain !== '') runs.push({ text: plain, styles, ...(link && { link }) })
    plain = ''
  }
  for (let at = 0; at < text.length;) {
    const found = depth < MAX_DEPTH ? markupAt(text, at, unclosed) : undefined
    if (!found) {
      plain += text[at++]
      continue
    }
    if ('literal' in found) plain += found.literal
    else {
      flush()
      if ('code' in found) runs.push({ text: found.code, isCode: true })
      else runs.push(...parseInline(found.inner, new Set([...styles, ...found.styles]), link ?? found.link, depth + 1))
    }
    at = found.end
  }
  flush()
  return runs
}

type Markup = { readonly end: number } & (
  | { readonly literal: string }
  | { readonly code: string }
  | { readonly inner: string; readonly styles: readonly Style[]; readonly link?: Run['link'] }
)

function markupAt(text: string, at: number, unclosed: Set<string>): Markup | undefined {
  const character = text[at]!
  if (character === '\\' && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '')) return { literal: text[at + 1]!, end: at + 2 }
  if (character === '`') return codeAt(text, at, unclosed)
  if (character === '[' || (character === '!' && text[at + 1] === '[')) return linkAt(text, at)
  if (!'*_~'.includes(character)) return undefined
  for (const [mark, styles] of MARKS) {
    if (!text.startsWith(mark, at) || unclosed.has(mark) || !opens(text, at, mark)) continue
    const end = closingOf(text, at + mark.length, mark)
    if (end !== undefined) return { inner: text.slice(at + mark.length, end), styles, end: end + mark.length }
    unclosed.add(mark)
  }
  return undefined
}

function codeAt(text: string, at: number, unclosed: Set<string>): Markup {
  const mark = /^`+/.exec(text.slice(at))![0]
  const rest = at + mark.length
  const end = unclosed.has(mark) ? undefined : codeEnd(text, rest, mark)
  if (end === undefined || end === rest) {
    unclosed.add(mark)
    return { literal: mark, end: rest }
  }
  const code = text.slice(rest, end)
  return { code: /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code, end: end + mark.length }
}

function codeEnd(text: string, from: number, mark: string): number | undefined {
  for (let end = text.indexOf(mark, from); end !== -1;) {
    let after = end
    while (text[after] === '`') after++
    if (after - end === mark.length) return end
    end = text.indexOf(mark, after)
  }
  return undefined
}

function linkAt(text: string, at: number): Markup | undefined {
  LINK.lastIndex = at
  const match = LINK.exec(text)
  return match ? { inner: match[1]!, styles: [], link: { url: match[2]! }, end: at + match[0].length } : undefined
}

function opens(text: string, at: number, mark: string): boolean {
  const isWord = mark.startsWith('_') && /[\p{L}\p{N}_]/u.test(text[at - 1] ?? '')
  return !isWord && /\S/.test(text[at + mark.length] ?? '')
}

function closingOf(text: string, from: number, mark: string): number | undefined {
  for (let at = from + 1; at <= text.length - mark.length; at++) {
    if (text[at] === '\\') at++
    else if (text.startsWith(mark, at) && /\S/.test(text[at - 1]!) && closes(text, at, mark)) return at
  }
  return undefined
}

/** `snake_case` is no italics, and a `*` within `**` ends nothing. */
function closes(text: string, at: number, mark: string): boolean {
  const after = text[at + mark.length] ?? ''
  if (mark.startsWith('_') && /[\p{L}\p{N}_]/u.test(after)) return false
  return mark.length > 1 || (after !== mark && text[at - 1] !== mark)
}
