/** Prints a value for programs: JSON, and nothing else on standard output. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}
