import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { smokeBundle } from './smoke/smoke-bundle.ts'
import { smokeDev } from './smoke/smoke-dev.ts'
import { smokeStart } from './smoke/smoke-start.ts'
import { Tally } from './smoke/tally.ts'

// What .ci/run does after `npm test`: the commands of the README as a person gives them, on a machine that is not ours.

const root = dirname(import.meta.dirname)
const folder = mkdtempSync(join(tmpdir(), 'talaria-smoke-'))
const tally = new Tally()
try {
  for (const smoke of [smokeStart, smokeDev, smokeBundle]) await smoke(tally, { root, folder })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${tally.passed} passed, ${tally.failed} failed`)
process.exitCode = tally.failed === 0 ? 0 : 1
