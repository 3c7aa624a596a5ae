/** A command as it was typed. */
export interface ParsedCommand {
  /** In lower case, with dashes: some clients allow only underscores. */
  readonly name: string
  /** What came after it, without blanks around it. */
  readonly line: string
}

/** Phones turn two hyphens into one of these. */
const LONG_DASHES = /(?<=^|\s)[–—](?=[a-z])/gi

/**
 * Reads a text that begins with a command, such as `/undo 2` or, in a group, `/undo@our_bot 2`. `undefined` when it is a
 * message: a path such as `/usr/bin` is one, and so is a lone prefix. `/` is a command everywhere, because an HTTP client and every
 * guide write it; `!` only where the platform's clients keep `/` for themselves.
 */
export function parseCommand(text: string, prefix: '/' | '!'): ParsedCommand | undefined {
  const [, typed, name, line] = /^([/!])([a-z][\w-]*)(?:@[\w.-]+)?(?:\s+([^]*))?$/i.exec(text.trim()) ?? []
  if (name === undefined || (typed === '!' && prefix !== '!')) return undefined
  return { name: name.toLowerCase().replaceAll('_', '-'), line: (line ?? '').trim().replaceAll(LONG_DASHES, '--') }
}
