import { existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { handlesReportSchema, deepHealthSchema } from '@talaria/core/contracts'
import { freePort, until } from '@talaria/core/testing'
import { temporaryHome } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import { ask, KEY, startProcess } from './kanban-process.ts'

interface TaskAnswer {
  readonly task: { readonly number: number; readonly state: string; readonly summary: string }
}

interface RunsAnswer {
  readonly runs: readonly { readonly outcome: string; readonly pid?: number | null }[]
}

/** A worker that works for a moment and says what it did. */
const WORKERS = JSON.stringify({ sh: { executor: 'command', command: ['sh', '-c', 'sleep ${SLEEP:-0}; echo "did $TALARIA_TASK_TITLE"'] } })

const untilDone = (url: string, number: number, ms = 30_000) =>
  until(`task ${number} is done`, ms, async () => {
    const { task } = await ask<TaskAnswer>(url, `/api/boards/default/tasks/${number}`)
    return task.state === 'done' && task
  })

describe('the kanban service', { timeout: 90_000 }, () => {
  test('has a task done by a worker of its own, ends with 0 when it is asked to, and leaves nothing behind', async () => {
    using home = temporaryHome()
    await using process = startProcess(home.path, { KANBAN_WORKERS: WORKERS })
    const url = await process.url()
    const { task } = await ask<TaskAnswer>(url, '/api/boards/default/tasks', { title: 'the dishes', assignee: 'sh' })
    expect((await untilDone(url, task.number)).summary).toBe('did the dishes')
    expect(statSync(home.file('workers.sock')).mode & 0o777).toBe(0o600)
    expect(deepHealthSchema.parse(await ask(url, '/health/deep')).status).toBe('ok')
    const handles = handlesReportSchema.parse(await ask(url, '/handles'))
    expect(handles.descriptors.classes?.database).toBeLessThanOrEqual(handles.expectedDatabaseDescriptors)
    expect(await (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${KEY}` } })).text()).toMatch(
      /kanban_tasks\{board="default",state="done"\} 1/,
    )
    expect(await process.stop()).toBe(0)
    expect(existsSync(home.file('workers.sock'))).toBe(false)
    expect(existsSync(home.file('boards/default.db-wal'))).toBe(false)
    expect(process.stderr).not.toMatch(/"level":[56]0/)
  })

  test('lets nobody in without the key, or under a foreign name, but to ask whether it is there', async () => {
    using home = temporaryHome()
    await using process = startProcess(home.path)
    const url = await process.url()
    const status = async (path: string, headers: Record<string, string> = {}) => (await fetch(url + path, { headers })).status
    expect(await status('/health')).toBe(200)
    for (const path of ['/health/deep', '/metrics', '/handles', '/status', '/api/boards', '/api/boards/default/tasks', '/api/boards/default/events']) {
      expect([path, await status(path)]).toEqual([path, 401])
      expect([path, await status(path, { Authorization: 'Bearer something-else-of-this-length' })]).toEqual([path, 401])
    }
    const { port } = new URL(url)
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const request = import('node:http').then(({ request: send }) =>
        send({ port, path: '/api/boards', headers: { Host: 'evil.example', Authorization: `Bearer ${KEY}` } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .once('error', reject)
          .end(),
      )
      request.catch(reject)
    })
    expect(answer).toBe(403)
  })

  test('says so when another program has its port, and every setting that is wrong at once', async () => {
    using home = temporaryHome()
    const stranger = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    try {
      const { port } = stranger.address() as { port: number }
      await using process = startProcess(home.path, { KANBAN_PORT: String(port) })
      expect(await process.end()).toBe(1)
      expect(process.stderr).toContain('KANBAN_PORT')
    } finally {
      stranger.close()
    }
    await using wrong = startProcess(home.path, { KANBAN_PORT: 'eighty', KANBAN_LEASE: 'soon', KANBAN_WORKERS: '{"x":{"executor":"magic"}}' })
    expect(await wrong.end()).toBe(78)
    for (const name of ['KANBAN_PORT', 'KANBAN_LEASE', 'KANBAN_WORKERS']) expect(wrong.stderr).toContain(name)
  })

  test('shares its home with another one, which takes the port and the workers over when it is killed', async () => {
    using home = temporaryHome()
    const env = {
      KANBAN_PORT: String(await freePort()),
      KANBAN_WORKERS: JSON.stringify({ sh: { executor: 'command', command: ['sh', '-c', 'sleep 3; echo "did it"'] } }),
    }
    await using first = startProcess(home.path, env)
    const url = await first.url()
    await using second = startProcess(home.path, env)
    await second.logs('another dispatcher of this home')
    const { task } = await ask<TaskAnswer>(url, '/api/boards/default/tasks', { title: 'long', assignee: 'sh' })
    const path = `/api/boards/default/tasks/${task.number}/runs`
    await until('its worker has begun', 20_000, async () => (await ask<RunsAnswer>(url, path)).runs[0]?.pid ?? undefined)
    first.signal('SIGKILL')
    await second.logs('this one does now')
    expect((await untilDone(url, task.number)).summary).toBe('did it')
    const { runs } = await ask<RunsAnswer>(url, path)
    expect(runs.map(({ outcome }) => outcome)).toEqual(['completed'])
  })

  /** @see hermes-agent #30799 (I-3): 500 descriptors on a board after 14 h, then nothing can be spawned any more. */
  test.runIf(process.platform === 'linux')(
    'I-3: under ulimit -n 256 it works ten boards at a rapid tick and spawns workers, and what it has open stays as it was',
    async () => {
      using home = temporaryHome()
      const tasks = process.env.TALARIA_TEST_FULL ? 5_000 : 12
      const limited = ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh']
      await using service = startProcess(home.path, { KANBAN_WORKERS: WORKERS, KANBAN_TICK: '10ms', KANBAN_MAX_RUNNING: '4' }, limited)
      const url = await service.url()
      for (let index = 1; index < 10; index += 1) await ask(url, '/api/boards', { slug: `board${index}` })
      const boards = ['default', ...Array.from({ length: 9 }, (_, index) => `board${index + 1}`)]
      const allDone = async (count: number) => {
        for (const board of boards) {
          await until(`${count} tasks of ${board} are done`, 40_000 + 500 * tasks, async () => {
            const { stats } = await ask<{ stats: { byState: Record<string, number> } }>(url, `/api/boards/${board}/stats`)
            return (stats.byState.done ?? 0) === count
          })
        }
      }
      const put = (count: number) =>
        Promise.all(
          boards.flatMap((board) =>
            Array.from({ length: count }, (_, index) => ask(url, `/api/boards/${board}/tasks`, { title: `t${index}`, assignee: 'sh' })),
          ),
        )
      await put(1)
      await allDone(1)
      const open = () =>
        service
          .descriptors()
          .filter((path) => !path.startsWith('socket:'))
          .toSorted()
      const before = open()
      await put(Math.ceil(tasks / 10))
      await allDone(1 + Math.ceil(tasks / 10))
      await until('it has open what it had', 10_000, () => JSON.stringify(open()) === JSON.stringify(before))
      expect(before.filter((path) => path.startsWith(home.file('boards')))).toHaveLength(50)
    },
  )
})
