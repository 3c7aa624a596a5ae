/** Where what follows was written before: by whom it is quoted, in the words of common mail programs. */
const QUOTE_BEGINS = [
  /^On .{1,300}wrote:$/,
  /^Am .{1,300}schrieb.{0,200}:$/,
  /^Le .{1,300}a écrit\s?:$/,
  /^El .{1,300}escribió:$/,
  /^-{2,}\s*(?:Original Message|Ursprüngliche Nachricht|Forwarded message)\s*-{2,}$/i,
  /^_{10,}$/,
]

/** The words of a message that are new: without what it quotes and without a signature. All of it when nothing would be left. */
export function newTextOf(text: string): string {
  // Programs break long attribution lines.
  const lines = text
    .replaceAll('\r\n', '\n')
    .replaceAll(/^(On [^\n]{1,200})\n([^\n]{0,200}wrote:)$/gm, '$1 $2')
    .split('\n')
  const end = lines.findIndex((line) => line === '-- ' || line === '--' || QUOTE_BEGINS.some((pattern) => pattern.test(line.trim())))
  const kept = (end < 0 ? lines : lines.slice(0, end)).filter((line) => !line.startsWith('>'))
  return kept.join('\n').trim() || text.trim()
}
