const segments = new Intl.Segmenter()

/** Characters that take two cells of a terminal. */
const WIDE = /^[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{20000}-\u{3FFFD}]/u

/** What colours are made of; takes no cell. */
// oxlint-disable-next-line no-control-regex -- that is what a colour begins with
const STYLE = /\u001B\[[\d;]*m/g

/** Rows under headings, in columns as wide as they need to be. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))))
  return all
    .map((cells) =>
      cells
        .map((cell, column) => cell + ' '.repeat(widths[column]! - widthOf(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function widthOf(text: string): number {
  return [...segments.segment(text.replaceAll(STYLE, ''))].reduce((width, { segment }) => width + (WIDE.test(segment) ? 2 : 1), 0)
}
