import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isProcessAlive, processStarted, silentLog, systemClock as clock } from '@talaria/core'
import { until, within } from '@talaria/core/testing'
import type { NewTask } from '@talaria/db'
import { expect, test } from 'vitest'
import { openWorkerSite, type WorkerSite } from '../../test/worker-site.ts'
import type { WorkerDefinition } from '../workers/worker-definition.ts'
import { runWorker, type WorkerOutcome } from './run-worker.ts'

/** A command's worker in this process; `script` is for sh. */
async function startCommand(site: WorkerSite, script: string, { task = {}, more = {} }: { readonly task?: Partial<NewTask>; readonly more?: object } = {}) {
  const definition = { executor: 'command', command: ['sh', '-c', script], ...more } as WorkerDefinition
  const { claim, token, workspace } = await site.claim(task, definition)
  const { stores } = site
  await stores.claims.spawned(claim, { workspace })
  const outcome: Promise<WorkerOutcome> = runWorker({
    socket: site.socket,
    token,
    pid: process.pid,
    env: { PATH: process.env.PATH, TALARIA_WORKER_TOKEN: token, TALARIA_WORKER_SOCKET: site.socket },
    agent: {},
    signal: new AbortController().signal,
    clock,
    log: silentLog,
  })
  return { claim, workspace, outcome, fileIn: (name: string) => join(workspace, name) }
}

/** The number of a process that a command wrote to a file of its workspace, and when that process began. */
async function processIn(file: string) {
  const pid = await until(`${file} is there`, 5_000, () => {
    try {
      return Number(readFileSync(file, 'utf8').trim()) || undefined
    } catch {
      return undefined
    }
  })
  return { pid, started: processStarted(pid) }
}

test('a command gets the task on standard input and in variables, and its last words are the summary', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome } = await startCommand(site, 'cat > seen; echo "I did $TALARIA_TASK_TITLE ($TALARIA_ATTEMPT)"; grep -c "Water them" seen', {
    task: { title: 'the plants', body: 'Water them all.' },
  })
  expect(await outcome).toBe('said')
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'I did the plants (1)\n1' })
})

test('a command knows neither the token nor the socket of its worker', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome } = await startCommand(site, 'env | grep -c "TALARIA_WORKER" || echo none; cat /proc/self/environ >/dev/null')
  await outcome
  expect((await site.task(claim.taskNumber)).summary).toBe('0\nnone')
})

test('a command that reads JSON gets the task as JSON, and says how it ended as JSON', async () => {
  await using site = await openWorkerSite()
  const script = `title=$(sed 's/.*"title":"\\([^"]*\\)".*/\\1/'); echo work; echo "{\\"status\\":\\"block\\",\\"reason\\":\\"$title needs a person\\",\\"kind\\":\\"capability\\"}"`
  const { claim, outcome } = await startCommand(site, script, { task: { title: 'The roof' }, more: { input: 'json' } })
  await outcome
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'blocked', block: { kind: 'capability', reason: 'The roof needs a person' } })
})

test('a result in the file of that name counts more than words, and its files become attachments', async () => {
  await using site = await openWorkerSite()
  const script = `echo report > out.txt; echo '{"summary":"Wrote it","metadata":{"lines":1},"artifacts":["out.txt"]}' > "$TALARIA_RESULT"; echo bye`
  const { claim, outcome } = await startCommand(site, script)
  await outcome
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'done', summary: 'Wrote it', metadata: { lines: 1 } })
  expect(await site.stores.attachments.list(claim.taskNumber)).toMatchObject([{ name: 'out.txt', bytes: 7 }])
})

test('what a command writes is in the transcript, in order and complete', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome } = await startCommand(site, 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i"; done; echo problem >&2')
  await outcome
  const entries = await site.transcript(claim.runId)
  const text = entries.filter(([kind]) => kind === 'stdout').map(([, body]) => body)
  expect(text.join('')).toBe(Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}\n`).join(''))
  expect(entries.filter(([kind]) => kind === 'stderr')).toEqual([['stderr', 'problem\n']])
})

test.each([
  ['exit 3', 'echo broken >&2; exit 3', { class: 'crash', code: 'exit_3', message: 'The command exited with 3: broken' }],
  ['exit 75', 'echo later; exit 75', { class: 'rate_limit', code: 'try_later' }],
  ['kill -9', 'kill -9 $$', { class: 'crash', code: 'signal_SIGKILL' }],
])('a command that ends by %s has failed as that says', async (_, script, failure) => {
  await using site = await openWorkerSite()
  const { outcome } = await startCommand(site, script)
  expect(await outcome).toBe('said')
  expect(site.failures).toMatchObject([failure])
})

test('a command that does not exist is for a person to put right', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome } = await startCommand(site, '', { more: { command: ['no-such-program-here', '; touch pwned'] } })
  await outcome
  const { state, block } = await site.task(claim.taskNumber)
  expect([state, block?.kind]).toEqual(['blocked', 'capability'])
  expect(block?.reason).toContain('no-such-program-here')
})

test('when the claim is lost the command and its children are gone within a second, however they resist', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome, fileIn } = await startCommand(
    site,
    `trap '' TERM; sh -c 'trap "" TERM; echo $$ > child; sleep 60; sleep 60' & echo $$ > parent; wait; sleep 60`,
  )
  const [parent, child] = [await processIn(fileIn('parent')), await processIn(fileIn('child'))]
  await site.stores.tasks.release(claim.taskNumber, { actor: 'user:anna' })
  expect(await within(1_000, 'the worker ends', outcome)).toBe('lost')
  expect([isProcessAlive(parent), isProcessAlive(child)]).toEqual([false, false])
})

test('a command that is to stop may tidy up first', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome, fileIn } = await startCommand(site, `trap 'echo tidied; exit 0' TERM; echo $$ > parent; while :; do sleep 0.05; done`)
  const parent = await processIn(fileIn('parent'))
  await site.stores.claims.wish({ runId: claim.runId, wish: 'stop', reason: 'enough', actor: 'user:anna' })
  expect(await within(5_000, 'the worker ends', outcome)).toBe('said')
  expect(isProcessAlive(parent)).toBe(false)
  expect(await site.task(claim.taskNumber)).toMatchObject({ state: 'blocked', block: { reason: 'Stopped: enough' } })
  expect((await site.transcript(claim.runId)).map(([, body]) => body).join('')).toContain('tidied')
})

test('what a command leaves running ends with it', async () => {
  await using site = await openWorkerSite()
  const { outcome, fileIn } = await startCommand(site, 'sleep 60 & echo $! > child; echo done')
  expect(await within(5_000, 'the worker ends', outcome)).toBe('said')
  expect((await processIn(fileIn('child'))).started).toBeUndefined()
})

test('a paused command stands still, and goes on when it is resumed', async () => {
  await using site = await openWorkerSite()
  const { claim, outcome, fileIn } = await startCommand(site, 'echo $$ > parent; while [ ! -e go ]; do sleep 0.02; done; echo went on')
  const { pid } = await processIn(fileIn('parent'))
  const wish = (word: 'pause' | 'resume') => site.stores.claims.wish({ runId: claim.runId, wish: word, reason: '', actor: 'user:anna' })
  const isStopped = () => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/\(.*\)/, ''))
  await wish('pause')
  await until('it stands still', 3_000, isStopped)
  writeFileSync(fileIn('go'), '')
  await wish('resume')
  expect(await within(5_000, 'the worker ends', outcome)).toBe('said')
  expect((await site.task(claim.taskNumber)).summary).toBe('went on')
})
