import { parseEnv } from 'node:util'

/** What a `.env` file sets, and where. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string | undefined>>
  /** The line of the assignment that counts: the last one of its name. */
  readonly lineOf: (name: string) => number | undefined
  /** Lines that Node's parser passes over in silence, or reads otherwise than they look; with what is wrong with them. */
  readonly broken: readonly { readonly line: number; readonly problem: string }[]
}

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/

/** Reads the text of a `.env` file as Node does, and notes what Node is silent about. */
export function parseEnvFile(text: string): EnvFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const lineOf = new Map<string, number>()
  const broken: { line: number; problem: string }[] = []
  for (let index = 0; index < lines.length; index++) {
    const content = lines[index] ?? ''
    if (/^\s*(?:#|$)/.test(content)) continue
    const [, name, value = ''] = ASSIGNMENT.exec(content) ?? []
    if (name === undefined) {
      broken.push({ line: index + 1, problem: 'is not of the form NAME=value' })
      continue
    }
    lineOf.set(name, index + 1)
    const quote = /^["'`]/.exec(value)?.[0]
    if (quote === undefined || value.indexOf(quote, 1) !== -1) continue
    const end = lines.findIndex((other, at) => at > index && other.includes(quote))
    if (end === -1) broken.push({ line: index + 1, problem: `opens a quotation (${quote}) that nothing closes` })
    else index = end
  }
  return { values: parseEnv(lines.join('\n')), lineOf: (name) => lineOf.get(name), broken }
}
