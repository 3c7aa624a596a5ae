/** A text that is not longer than that: whole lines from its beginning, and how many are missing. */
export function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text
  const lines = text.split('\n')
  // The line that says what is missing needs room, too.
  let room = longest - 60
  const fits = (line: string) => (room -= line.length + 1) >= 0
  const kept = lines.findIndex((line) => !fits(line))
  if (kept <= 0)
    return `${text
      .slice(0, longest - 1)
      .toWellFormed()
      .replace(/\uFFFD$/, '')}…`
  return `${lines.slice(0, kept).join('\n')}\n… and ${lines.length - kept} lines more: ask for less, or in a terminal.`
}
