import type { WorkerEnd } from './work.ts'

const LONGEST_SUMMARY = 2_000
const LONGEST_RESULT = 1_000_000

/** Done, by what was said last; a long text is the result, and its end the summary. A failure when nothing was said. */
export function endOfWords(text: string): WorkerEnd {
  const words = text.trim().slice(-LONGEST_RESULT)
  if (words === '') return { as: 'fail', body: { class: 'protocol', code: 'ended_without_result', message: 'It ended without saying what came of the task.' } }
  if (words.length <= LONGEST_SUMMARY) return { as: 'complete', body: { summary: words } }
  return { as: 'complete', body: { summary: `…${words.slice(1 - LONGEST_SUMMARY)}`, result: words } }
}
