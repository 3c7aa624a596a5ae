/** One argument of a command: how it is written, what completes it, and how it is read. */
export interface Argument<Value> {
  /** How help shows it: `[count]`. */
  usage(name: string): string
  /** Words to offer while it is typed. */
  readonly choices: readonly string[]
  readonly isOptional: boolean
  /** Whether it takes all that is left of the line. */
  readonly takesRest: boolean
  /** `undefined` for what it cannot be. */
  read(text: string): Value | undefined
}

/** The arguments of a command, in the order in which they are typed. */
export type ArgumentSpec = Readonly<Record<string, Argument<unknown>>>

/** The values of a command's arguments. */
export type ArgumentsOf<Spec extends ArgumentSpec> = { readonly [Name in keyof Spec]: Spec[Name] extends Argument<infer Value> ? Value : never }

/** One of these words. */
export function choice<const Word extends string>(...words: readonly Word[]): Argument<Word> {
  return {
    usage: () => words.join('|'),
    choices: words,
    isOptional: false,
    takesRest: false,
    read: (text) => words.find((word) => word === text.toLowerCase()),
  }
}

/** A single word; `choices` complete it and do not limit it. */
export function word(...choices: readonly string[]): Argument<string> {
  return { usage: plain, choices, isOptional: false, takesRest: false, read: (text) => text }
}

/** A whole number from 1 on. */
export function count(max: number): Argument<number> {
  const read = (text: string) => (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= max ? Number(text) : undefined)
  return { usage: plain, choices: [], isOptional: false, takesRest: false, read }
}

/** Everything that is left of the line; `choices` are what it may begin with, among other things. */
export function rest(...choices: readonly string[]): Argument<string> {
  return { usage: (name) => `<${[...choices, `${name}…`].join('|')}>`, choices, isOptional: false, takesRest: true, read: (text) => text }
}

/** An argument that may be left out. */
export function optional<Value>(argument: Argument<Value>): Argument<Value | undefined> {
  return { ...argument, isOptional: true, usage: (name) => `[${argument.usage(name).replace(/^<(.*)>$/, '$1')}]` }
}

/** How the arguments of a command are written. */
export function usageOf(spec: ArgumentSpec): string {
  return Object.entries(spec)
    .map(([name, argument]) => argument.usage(name))
    .join(' ')
}

/** Reads the arguments of a command off its line. `undefined` when they are not what the command takes. */
export function readArguments<Spec extends ArgumentSpec>(spec: Spec, line: string): ArgumentsOf<Spec> | undefined {
  const values: Record<string, unknown> = {}
  let left = line.trim()
  for (const [name, argument] of Object.entries(spec)) {
    const text = argument.takesRest ? left : (/^\S+/.exec(left)?.[0] ?? '')
    if (text === '') {
      if (argument.isOptional) continue
      return undefined
    }
    const value = argument.read(text)
    if (value === undefined) return undefined
    values[name] = value
    left = left.slice(text.length).trim()
  }
  return left === '' ? (values as ArgumentsOf<Spec>) : undefined
}

function plain(name: string): string {
  return `<${name}>`
}
