/** What every token of a paced stream contains, and nothing else of it does. */
export const TOKEN = 'tick'

/** Has the scripted model stream at a pace; see docs/scripted-model.md. */
export function pacedScript(tokens: number, paceMs: number): string {
  return `!stream ${tokens} chunks every ${paceMs}ms ${TOKEN}`
}
