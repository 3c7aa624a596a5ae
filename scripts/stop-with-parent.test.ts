import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '@talaria/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive } from './services/testing/fake-repository.ts'

const MODULE = JSON.stringify(join(import.meta.dirname, 'stop-with-parent.mjs'))

/** A program that stops with its parent and says its process id; it would run for a minute. */
const PROGRAM = `import { stopWithParent } from ${MODULE}
stopWithParent()
setTimeout(() => {}, 60_000)
console.log(process.pid)`

/** Starts `command` and reads the process id that the program at its end says. */
async function start(command: readonly [string, ...string[]], options: { readonly cwd?: string } = {}) {
  const [program, ...args] = command
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const pid = await new Promise<number>((resolve) => createInterface({ input: child.stdout }).on('line', (line) => /^\d+$/.test(line) && resolve(Number(line))))
  onTestFinished(() => {
    for (const each of [pid, child.pid]) if (each !== undefined && isAlive(each)) process.kill(each, 'SIGKILL')
  })
  return { child, pid }
}

/** A folder with a package whose script `run` runs the program behind a shell, as npm does. */
function packageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'talaria-parent-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'parent', scripts: { run: `${process.execPath} program.mjs; true` } }))
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  return folder
}

test('a process ends when the one that started it is killed', async () => {
  const parent = `require('node:child_process').spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(PROGRAM)}], { stdio: 'inherit' })`
  const { child, pid } = await start([process.execPath, '-e', parent])
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGKILL')
  await until('it has ended', 5_000, () => !isAlive(pid))
})

test('a process ends when the npm that started it through a shell is killed', async () => {
  const { child, pid } = await start(['npm', 'run', 'run'], { cwd: packageFolder() })
  child.kill('SIGKILL')
  await until('it has ended', 5_000, () => !isAlive(pid))
})

test('a process outlives the shell that started npm, as after `nohup npm start &`', async () => {
  const { child, pid } = await start(['sh', '-c', 'npm run run & wait'], { cwd: packageFolder() })
  child.kill('SIGKILL')
  await once(child, 'exit')
  // Three looks at its ancestors.
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(isAlive(pid)).toBe(true)
})

test('watching the parent does not keep a process alive', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', `import { stopWithParent } from ${MODULE}\nstopWithParent()`])
  expect(await once(child, 'exit')).toEqual([0, null])
})
