/** What a model answers, and nothing else, when it decides to say nothing. */
const MARKERS = ['[SILENT]', 'SILENT', 'NO_REPLY', 'NO REPLY'] as const

/** Whether an answer says that nothing is to be sent. */
export function isSilence(text: string): boolean {
  return MARKERS.includes(text.trim() as (typeof MARKERS)[number])
}

/** Whether an answer that is still being written may yet turn out to be silence, so that nothing of it may be shown. */
export function mayBecomeSilence(text: string): boolean {
  const soFar = text.trimStart()
  return MARKERS.some((marker) => marker.startsWith(soFar.trimEnd()) || soFar.trimEnd() === marker)
}
