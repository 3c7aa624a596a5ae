const FENCE = /^ {0,3}(```+|~~~+)/
const BOLD = '\u0001'
const KEPT = '\u0002'

/**
 * Markdown as Slack's mrkdwn. Everything of the text is escaped before any markup is made, so that whatever a model writes
 * calls nobody (`<!everyone>`, `<@U…>`) and disguises no address; links lead to http, https and mailto only.
 */
export function renderMrkdwn(markdown: string): string {
  const lines: string[] = []
  let fence: string | undefined
  // The marks below are ours alone.
  for (const line of markdown.replaceAll(BOLD, '').replaceAll(KEPT, '').split('\n')) {
    const mark = FENCE.exec(line)?.[1]
    if (fence === undefined && mark) {
      fence = mark
      lines.push('```')
    } else if (fence !== undefined && mark?.startsWith(fence) && line.trim() === mark) {
      fence = undefined
      lines.push('```')
    } else lines.push(fence === undefined ? renderLine(line) : escape(line))
  }
  // An open one would swallow what follows.
  if (fence !== undefined) lines.push('```')
  return lines.join('\n')
}

function renderLine(line: string): string {
  const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/.exec(line)
  if (heading) return `*${renderInline(heading[1]!).replaceAll('*', '')}*`
  const quote = /^ {0,3}>\s?(.*)$/.exec(line)
  if (quote) return `> ${renderInline(quote[1]!)}`
  const item = /^(\s*)[-*+]\s+(.*)$/.exec(line)
  return item ? `${item[1]}• ${renderInline(item[2]!)}` : renderInline(line)
}

function renderInline(text: string): string {
  const kept: string[] = []
  const keep = (piece: string) => `${KEPT}${kept.push(piece) - 1}${KEPT}`
  return escape(text)
    .replaceAll(/(`+)(.+?)\1(?!`)/g, (_, _ticks, code: string) => keep(`\`${code.trim()}\``))
    .replaceAll(/!?\[([^\]]+)\]\(((?:https?:\/\/|mailto:)[^\s)]+)\)/g, (_, label: string, url: string) =>
      keep(`<${url.replaceAll('|', '%7C')}|${label.replaceAll('|', '¦')}>`),
    )
    .replaceAll(/https?:\/\/[^\s]+/g, keep)
    .replaceAll(/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/g, `${BOLD}$2${BOLD}`)
    .replaceAll(/(?<![*\w])\*(?=[^\s*])([^*]+?)(?<=\S)\*(?![*\w])/g, '_$1_')
    .replaceAll(/~~(?=\S)(.+?)(?<=\S)~~/g, '~$1~')
    .replaceAll(BOLD, '*')
    .replaceAll(new RegExp(`${KEPT}(\\d+)${KEPT}`, 'g'), (_, at: string) => kept[Number(at)]!)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
