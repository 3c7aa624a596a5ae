const LONGEST = 200

/**
 * What a file is called when somebody saves it: the last part of a path, without control characters and without dots at
 * its beginning. Never the name under which we keep it, which is its id.
 */
export function attachmentName(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? ''
  const printable = base
    // oxlint-disable-next-line no-control-regex -- they are what is taken out
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/^[. ]+/, '')
    .trim()
  if (printable.length <= LONGEST) return printable || 'file'
  const extension = /\.[^.]{1,20}$/.exec(printable)?.[0] ?? ''
  return printable.slice(0, LONGEST - extension.length) + extension
}

/** The name, or one with a number when another file of the task has it: `plan (1).md`. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  const extension = /\.[^.]{1,20}$/.exec(name)?.[0] ?? ''
  const stem = name.slice(0, name.length - extension.length)
  for (let count = 1; ; count += 1) {
    const candidate = `${stem} (${count})${extension}`
    if (!taken.has(candidate)) return candidate
  }
}
