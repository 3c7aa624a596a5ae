import { checkForLeaks } from '@talaria/db/testing'
import { until } from '@talaria/core/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'
import { claimTask } from '../testing/claim-task.ts'

checkForLeaks()

const HOUR = 3_600_000

describe('list', () => {
  it('narrows by everything that is named, and pages', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'alpha', '--assignee', 'ada', '--label', 'bug', '--tenant', 'acme', '--due', 'tomorrow')
    await shell.run('create', 'beta', '--priority', '5')
    await shell.runWith({ origin: { sessionId: 'ses_1' } }, 'create', 'gamma', '--triage')
    await shell.run('create', 'delta')
    await shell.run('archive', '4')
    const numbers = async (...argv: string[]) => (await shell.json<{ tasks: { number: number }[] }>('list', ...argv)).tasks.map(({ number }) => number)
    expect(await numbers()).toEqual([2, 1, 3])
    for (const [line, found] of [
      ['--state ready', [2, 1]],
      ['--state ready,triage --sort created-desc', [3, 2, 1]],
      ['--assignee ada', [1]],
      ['--assignee none --sort title', [2, 3]],
      ['--label bug', [1]],
      ['--tenant acme', [1]],
      ['--text ALPH', [1]],
      ['--session ses_1', [3]],
      ['--due 2100-01-01', [1]],
      ['--column triage', [3]],
      ['--archived --sort created', [1, 2, 3, 4]],
    ] as const) {
      expect(await numbers(...line.split(' ')), line).toEqual(found)
    }
    const first = await shell.run('list', '--limit', '2')
    const [, cursor] = /There are more: --after (\S+)/.exec(first.out) ?? []
    expect(await numbers('--limit', '2', '--after', cursor!)).toEqual([3])
    expect((await shell.run('list', '--label', 'none')).out).toBe('There are no such tasks.\n')
  })

  it('knows whose tasks are yours: in a chat those of the conversation, else those that you are named for', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'alpha', '--assignee', 'ada')
    await shell.runWith({ origin: { sessionId: 'ses_1' } }, 'create', 'beta')
    expect((await shell.runWith({ user: 'ada' }, 'list', '--mine')).out).toContain('alpha')
    const mine = await shell.runWith({ user: 'ada', origin: { sessionId: 'ses_1' } }, 'list', '--mine')
    expect([mine.out.includes('alpha'), mine.out.includes('beta')]).toEqual([false, true])
    expect(await shell.run('list', '--mine')).toMatchObject({ code: 2, err: expect.stringContaining('--assignee') })
  })

  it('stands in columns, whatever the titles are made of', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', '日本語 🚀', '--assignee', 'ada')
    await shell.run('create', 'abcdefg', '--assignee', 'ada', '--due', '2h')
    await shell.clock.advance(26 * HOUR)
    const { out } = await shell.run('list')
    expect(out).toBe(
      'TASK  STATE  PRIO  ASSIGNEE  AGE      TITLE      NOTE\n#1    ready        ada       1 d 2 h  日本語 🚀\n#2    ready        ada       1 d 2 h  abcdefg    due 1 d ago\n',
    )
  })
})

describe('search and context', () => {
  it('find a task by its words, and show what its worker is told', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'Fix the log-in', '--body', 'The cache is cold', '--assignee', 'ada')
    await shell.run('create', 'Write notes', '--assignee', 'bob')
    await shell.run('comment', '2', 'about the cache')
    expect((await shell.run('search', 'cache', '--assignee', 'ada')).out).toBe('#1 ready "Fix the log-in"\n  body: The cache is cold\n')
    expect((await shell.run('search', 'cache')).out).toContain('comments: about the cache')
    expect((await shell.run('search', 'zebra')).out).toBe('Nothing was found.\n')
    expect((await shell.run('context', '1')).out).toMatch(/^# Task #1 on board default: Fix the log-in\n[^]*Attempt 1\.[^]*The cache is cold/)
    await claimTask(shell.storesOf('default'), 1, shell.clock.now())
    expect(await shell.json('context', '1')).toMatchObject({ task: 1, context: expect.stringContaining('Attempt 1.') })
  })
})

describe('why', () => {
  it('says why a task is not running, and what to do about it', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'parent', '--assignee', 'ada')
    await shell.run('create', 'child', '--parent', '1')
    await shell.run('create', 'later', '--assignee', 'ada', '--not-before', '2h')
    await shell.run('create', 'stuck', '--blocked', 'Which colour?')
    const why = async (number: string) => (await shell.run('why', number)).out
    expect(await why('2')).toMatch(/^#2: .*waits for #1\. \(parents, since now\)\n {2}.*unlink PARENT 2/)
    expect(await why('3')).toContain('promote 3 has it begin now')
    expect(await why('4')).toContain('unblock 4')
    expect((await shell.runWith({ isDispatcherRunning: async () => false }, 'why', '1')).out).toContain('No dispatcher is running')
    expect(await shell.json('why', '2')).toMatchObject({ task: 2, code: 'parents', parents: [1] })
    await claimTask(shell.storesOf('default'), 1, shell.clock.now())
    expect(await why('1')).toBe('#1: It is running: attempt 1.\n')
    await shell.run('complete', '1')
    expect(await why('1')).toBe('#1: It is done.\n')
  })
})

describe('diagnostics', () => {
  it('find what was given up, fails again and again, can never begin, is blocked in silence, has no worker, or is late', async () => {
    await using shell = await openBoardShell()
    const stores = shell.storesOf('default')
    const fail = async (number: number, giveUp?: 'gave_up') => {
      const { claim } = await claimTask(stores, number, shell.clock.now())
      await stores.claims.fail(
        claim,
        { class: 'crash', code: 'exit', message: 'exited with 1' },
        { isCounted: true, ...(giveUp ? { giveUp } : { retryAt: shell.clock.now() }) },
      )
    }
    for (const title of ['given up', 'crash loop', 'parent']) await shell.run('create', title, '--assignee', 'ada')
    await shell.run('create', 'deadlock', '--parent', '3')
    await shell.run('create', 'silent', '--blocked', 'Which colour?')
    await shell.run('create', 'unassigned')
    await shell.run('create', 'late', '--triage', '--due', '1h')
    await fail(1, 'gave_up')
    await fail(2)
    await fail(2)
    await shell.run('complete', '3', '--failure')
    expect((await shell.run('diagnostics', '--severity', 'warning')).out).toBe('Nothing needs anybody.\n')
    await shell.clock.advance(23 * HOUR)
    await shell.run('comment', '5', 'I am thinking')
    await shell.clock.advance(2 * HOUR)
    const findings = await shell.json<{ code: string; task: number }[]>('diag')
    expect(findings.map(({ code, task }) => [code, task])).toEqual([
      ['given_up', 1],
      ['crash_loop', 2],
      ['deadlock', 4],
      ['no_worker', 2],
      ['unassigned', 6],
      ['overdue', 7],
    ])
    await shell.clock.advance(23 * HOUR)
    expect(await shell.json('diag', '--task', '5')).toMatchObject([{ code: 'silent_block', advice: 'Answer it: unblock 5 --reason "…"' }])
    expect((await shell.run('diag')).out).toMatch(/^error {2}#1 {2}It was given up: exit: exited with 1\n {9}Look at .*redrive 1/)
  })
})

describe('stats and assignees', () => {
  it('count what stands where, and who has it', async () => {
    await using shell = await openBoardShell()
    expect((await shell.run('stats')).out).toContain('There are no tasks.')
    await shell.run('create', 'one', '--assignee', 'ada')
    await shell.run('create', 'two', '--triage')
    await shell.clock.advance(HOUR)
    expect((await shell.run('stats')).out).toMatch(/triage +1\nThe oldest ready task has waited for 1 h\.|ready +1/)
    expect((await shell.run('assignees')).out).toMatch(/^ada +0 +1 +0/m)
    expect(await shell.json('assignees')).toContainEqual({ assignee: null, states: { triage: 1 } })
    expect(await shell.json('stats')).toMatchObject({ byState: { ready: 1, triage: 1 } })
  })
})

describe('watch and tail', () => {
  it('show what there is where nothing is followed', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'one', '--assignee', 'ada')
    await shell.run('create', 'two', '--assignee', 'bob')
    const still = { canFollow: false }
    expect((await shell.runWith(still, 'watch')).out.split('\n')).toHaveLength(4)
    expect((await shell.runWith(still, 'watch', '--assignee', 'ada')).out).toMatch(/^now +#1 task\.created by cli: one\n$/)
    expect(
      (await shell.runWith(still, 'watch', '--after', '2', '--json')).out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ seq: 3, taskNumber: 2 }])
    expect((await shell.run('watch', '--no-follow', '--kinds', 'board.created')).out).toMatch(/^now +board\.created by test\n$/)
    expect((await shell.run('tail', '2', '--no-follow')).out).toContain('#2 task.created')
  })

  it('go on as it happens: a watch until it is interrupted, a tail until its task has ended', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'one', '--assignee', 'ada')
    const interrupt = new AbortController()
    let watched = ''
    const watching = shell.runWith({ signal: interrupt.signal, write: (text) => (watched += text) }, 'watch')
    const tailing = shell.run('tail', '1')
    await shell.run('comment', '1', 'hello')
    await until('the comment is seen', 5_000, () => watched.includes('comment.added'))
    await shell.run('complete', '1')
    expect(await tailing).toMatchObject({ code: 0, out: expect.stringMatching(/task\.created[^]*comment\.added[^]*task\.completed/) })
    await until('the end is seen', 5_000, () => watched.includes('task.completed'))
    interrupt.abort(new Error('interrupted'))
    expect(await watching).toMatchObject({ code: 0, err: '' })
    expect(watched).not.toContain('task.created')
  })
})
