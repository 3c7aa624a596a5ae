/** The beginning of a text, at most so many bytes of UTF-8; one that was cut says how long it was. */
export function shortened(text: string, bytes: number): string {
  // No character takes more than three bytes for each of its units.
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text
  const note = `… (cut, ${Buffer.byteLength(text)} bytes in all)`
  const kept = Buffer.from(text.slice(0, bytes)).subarray(0, Math.max(0, bytes - Buffer.byteLength(note)))
  // What is left of a character that was cut through is none.
  return kept.toString('utf8').replace(/\uFFFD+$/, '') + note
}
