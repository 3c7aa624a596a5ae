import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const ROOT = dirname(dirname(dirname(import.meta.dirname)))

/** Writes a report of today where reports are kept, and says where. */
export function writeReport(name: string, report: string): void {
  const file = join(ROOT, 'docs', 'reports', `${new Date().toISOString().slice(0, 10)}-${name}.md`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, report)
  console.log(`The report is in ${relative(ROOT, file)}: commit it.`)
}
