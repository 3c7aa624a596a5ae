/** Of the 512 bytes of a line, what is left beside the command, the target and the mask that the server puts before it. */
const LINE_BYTES = 450

/** A text as lines of IRC: at its own breaks, then by words, never within a character, and never with one that ends a line early. */
export function ircLinesOf(text: string): readonly string[] {
  return text
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll('\0', '').trimEnd())
    .filter((line) => line !== '')
    .flatMap(pieces)
}

function pieces(line: string): string[] {
  const found: string[] = []
  let rest = line
  while (Buffer.byteLength(rest) > LINE_BYTES) {
    const fits = prefixOf(rest)
    const blank = fits.lastIndexOf(' ')
    const piece = blank > fits.length / 2 ? fits.slice(0, blank) : fits
    found.push(piece)
    rest = rest.slice(piece.length).trimStart()
  }
  return rest === '' ? found : [...found, rest]
}

/** As many whole characters as a line holds. */
function prefixOf(text: string): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > LINE_BYTES) break
    end += character.length
  }
  return text.slice(0, end)
}
