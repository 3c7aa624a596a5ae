import type { Finding } from './verdict.ts'

/** Prints findings, one a line; true when none is false. */
export function sayFindings(findings: readonly Finding[]): boolean {
  for (const { what, holds, detail } of findings) console.log(`${holds === false ? '✗' : holds ? '✓' : '-'} ${what}: ${detail}`)
  return findings.every(({ holds }) => holds !== false)
}
