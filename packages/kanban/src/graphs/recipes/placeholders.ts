const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g
const INPUT = /^input\.([A-Za-z][\w-]*)$/

/** Names of inputs that a text asks for; `undefined` for what stands in braces and names none. */
export function placeholdersOf(text: string): readonly (string | undefined)[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, inner]) => INPUT.exec(inner!)?.[1])
}

/** A text with its inputs filled in, once: what an input holds is never read as a placeholder. */
export function fillIn(text: string, inputs: Readonly<Record<string, unknown>>): string {
  return text.replaceAll(PLACEHOLDER, (whole, inner: string) => {
    const name = INPUT.exec(inner)?.[1]
    return name !== undefined && Object.hasOwn(inputs, name) ? String(inputs[name]) : whole
  })
}
