import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isProcessAlive, processStarted } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import type { NewTask } from '@talaria/db'
import { expect, test } from 'vitest'
import { openWorkerSite, untilEnded, type WorkerSite } from '../../test/worker-site.ts'
import { ProcessExecutor } from '../workers/process-executor.ts'
import type { WorkerDefinition } from '../workers/worker-definition.ts'

/** The program that the dispatcher begins for every worker. */
const PROGRAM = fileURLToPath(new URL('../../../../apps/kanban/src/worker-main.ts', import.meta.url))

/** Has the program write down when it loads what opens databases. */
const TELLS_OF_DRIVERS = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({load(u,c,n){if(/kysely|better-sqlite3/.test(u))process.stderr.write('DRIVER '+u);return n(u,c)}})`

async function startProcess(site: WorkerSite, worker: WorkerDefinition, task: Partial<NewTask> = {}) {
  const claimed = await site.claim(task, worker)
  const { claim, token, workspace } = claimed
  const executor = new ProcessExecutor({
    program: [process.execPath, '--import', TELLS_OF_DRIVERS, PROGRAM],
    env: { PATH: process.env.PATH, TALARIA_HOME: site.home },
  })
  const logFile = join(site.home, 'worker.log')
  const worked = await executor.spawn({ claim, token, workspace, logFile, worker, task: claimed.task, socket: site.socket })
  await site.stores.claims.spawned(claim, { workspace, pid: worked.pid! })
  return { claim, workspace, logFile, process: worked }
}

test('a worker’s program does its work, says so and exits with 0', async () => {
  await using site = await openWorkerSite()
  const { claim, process: worker, logFile } = await startProcess(site, { executor: 'agent' }, { body: '!call kanban_complete {"summary":"From a process."}' })
  expect(await within(15_000, 'it exits', worker.exited), readFileSync(logFile, 'utf8')).toEqual({ code: 0, signal: null })
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'From a process.' })
  // A worker has no database, and does not wait for the drivers of one.
  expect(readFileSync(logFile, 'utf8')).not.toContain('DRIVER')
})

test('SIGTERM ends the program, its command and the attempt within its grace', async () => {
  await using site = await openWorkerSite()
  const { claim, workspace, process: worker } = await startProcess(site, { executor: 'command', command: ['sh', '-c', 'echo $$ > pid; sleep 60'] })
  const command = await processIn(join(workspace, 'pid'))
  worker.signal('SIGTERM')
  expect(await within(9_000, 'it exits', worker.exited)).toEqual({ code: 0, signal: null })
  await untilEnded(site, claim.runId)
  expect(site.failures).toMatchObject([{ class: 'infrastructure', code: 'terminated' }])
  expect(isProcessAlive(command)).toBe(false)
})

test('a worker that is killed takes its command and the command’s children with it', async () => {
  await using site = await openWorkerSite()
  const script = `trap '' TERM HUP; sh -c 'echo $$ > child; sleep 60; sleep 60' & echo $$ > pid; wait; sleep 60`
  const { workspace, process: worker } = await startProcess(site, { executor: 'command', command: ['sh', '-c', script] })
  const [command, child] = [await processIn(join(workspace, 'pid')), await processIn(join(workspace, 'child'))]
  worker.signal('SIGKILL')
  expect(await within(2_000, 'it is gone', worker.exited)).toEqual({ code: null, signal: 'SIGKILL' })
  await until('nothing of it is left', 2_000, () => !isProcessAlive(command) && !isProcessAlive(child))
})

async function processIn(file: string) {
  const pid = await until(`${file} is there`, 10_000, () => {
    try {
      return Number(readFileSync(file, 'utf8').trim()) || undefined
    } catch {
      return undefined
    }
  })
  return { pid, started: processStarted(pid) }
}
