import type { MessageEntity } from 'grammy/types'
import { parseInline, type Run, type Style } from './parse-inline.ts'

/** Text as Telegram shows it, with what is bold, a link and so on beside it. */
export interface FormattedText {
  readonly text: string
  readonly entities: MessageEntity[]
}

const FENCE = /^ {0,3}(```+|~~~+)\s*([\w+#.-]*)[^`]*$/
const STYLES: readonly Style[] = ['bold', 'italic', 'strikethrough', 'blockquote']

/**
 * Markdown as text and entities. No markup is sent, so there is none to escape and none that a text could smuggle in; and
 * the text is never longer than the Markdown, so that what fits Telegram's limit still does. Offsets are in UTF-16 code units.
 */
export function renderMarkdown(markdown: string): FormattedText {
  const runs = parseBlocks(markdown.split('\n'))
  // Every line ends its own; the last one's end is no part of the message.
  const last = runs.at(-1)
  if (last?.text === '\n') runs.pop()
  const text = runs.map((run) => run.text).join('')
  // Such as a fence around nothing: Telegram refuses an empty message.
  return text.trim() === '' ? { text: markdown, entities: [] } : { text, entities: entitiesOf(runs) }
}

function parseBlocks(lines: readonly string[]): Run[] {
  const runs: Run[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!
    const fence = FENCE.exec(line)
    const block = fence ? fencedBlock(lines, at, fence[1]!) : line.startsWith('|') ? tableBlock(lines, at) : undefined
    if (!block) {
      runs.push(...parseLine(line), { text: '\n' })
      continue
    }
    const language = fence?.[2]
    if (block.text !== '') runs.push({ text: block.text, pre: language ? { language } : {} }, { text: '\n' })
    at = block.last
  }
  return runs
}

/** To the end of the text when nothing closes it, as in an answer that is still being written. */
function fencedBlock(lines: readonly string[], first: number, mark: string): { text: string; last: number } {
  const end = lines.findIndex((line, at) => at > first && new RegExp(`^ {0,3}${mark[0]}{${mark.length},}\\s*$`).test(line))
  const last = end === -1 ? lines.length - 1 : end
  return { text: lines.slice(first + 1, end === -1 ? lines.length : end).join('\n'), last }
}

/** Columns stand under each other only where all characters are as wide. */
function tableBlock(lines: readonly string[], first: number): { text: string; last: number } | undefined {
  let last = first
  while (lines[last + 1]?.startsWith('|')) last++
  return last === first ? undefined : { text: lines.slice(first, last + 1).join('\n'), last }
}

function parseLine(line: string): Run[] {
  const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line)
  if (heading) return parseInline(heading[1]!, new Set(['bold']))
  const quote = /^ {0,3}>\s?(.*)$/.exec(line)
  if (quote) return quote[1] === '' ? [{ text: ' ', styles: new Set(['blockquote']) }] : parseInline(quote[1]!, new Set(['blockquote']))
  const item = /^(\s*)[-*+]\s+(.*)$/.exec(line)
  if (item) return [{ text: `${item[1]}• ` }, ...parseInline(item[2]!, new Set())]
  return parseInline(line, new Set())
}

function entitiesOf(runs: readonly Run[]): MessageEntity[] {
  const entities: MessageEntity[] = []
  const open = new Map<Style, { type: Style; offset: number; length: number }>()
  let link: { run: Run; entity: MessageEntity.TextLinkMessageEntity } | undefined
  let offset = 0
  runs.forEach((run, index) => {
    const { length } = run.text
    for (const style of STYLES) {
      // A quotation of several lines is one, so the line ends within it belong to it.
      const isBetween = style === 'blockquote' && run.text === '\n' && runs[index + 1]?.styles?.has(style) === true && open.has(style)
      const entity = open.get(style)
      if (!run.styles?.has(style) && !isBetween) open.delete(style)
      else if (entity) entity.length += length
      else {
        const begun = { type: style, offset, length }
        open.set(style, begun)
        entities.push(begun)
      }
    }
    if (run.link === undefined) link = undefined
    else if (link && link.run.link === run.link) link.entity.length += length
    else {
      link = { run, entity: { type: 'text_link', offset, length, url: run.link.url } }
      entities.push(link.entity)
    }
    if (run.pre) entities.push({ type: 'pre', offset, length, ...run.pre })
    if (run.isCode) entities.push({ type: 'code', offset, length })
    offset += length
  })
  return entities.toSorted((one, other) => one.offset - other.offset || other.length - one.length)
}
