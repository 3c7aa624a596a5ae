import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { descriptorLimits } from './descriptor-limits.ts'

const limitsUnder = (ulimit: string) => {
  const code = `import { descriptorLimits } from ${JSON.stringify(new URL('./descriptor-limits.ts', import.meta.url).href)}; console.log(JSON.stringify(descriptorLimits()))`
  return JSON.parse(execFileSync('sh', ['-c', `${ulimit}; exec "$0" --input-type=module -e "$1"`, process.execPath, code]).toString()) as unknown
}

test.runIf(process.platform === 'linux')('the limits are those that were set', () => {
  expect(limitsUnder('ulimit -n 200')).toEqual({ soft: 200, hard: 200 })
})

test.runIf(process.platform === 'linux')('Node has raised the soft limit to the hard one by the time we look', () => {
  expect(limitsUnder('ulimit -S -n 100; ulimit -H -n 300')).toEqual({ soft: 300, hard: 300 })
})

test.skipIf(process.platform === 'linux')('the limits are unknown where the system does not tell', () => {
  expect(descriptorLimits()).toBeUndefined()
})
