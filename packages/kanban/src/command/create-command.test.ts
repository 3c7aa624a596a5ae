import { writeFileSync } from 'node:fs'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'

checkForLeaks()

describe('create', () => {
  it('takes everything that a task has', async () => {
    await using shell = await openBoardShell()
    const { tasks } = shell.storesOf('default')
    await shell.run('create', 'parent')
    const { task } = await shell.json<{ task: { id: string } }>(
      ...['create', 'Upgrade', 'the linter', '--assignee', 'coder', '--body', 'All of it', '--parent', '1', '--on', 'always', '--any'],
      ...['--priority', '-5', '--tenant', 'acme', '--label', 'b,a', '--label', 'c', '--due', '2030-01-31', '--not-before', 'in 2h', '--estimate', '30'],
      ...['--reviewer', 'anna', '--workspace', 'worktree:/src/app', '--branch', 'linter', '--max-runtime', '2h', '--max-attempts', '2'],
      ...[
        '--model',
        'deep',
        '--reasoning',
        'high',
        '--skill',
        'lint',
        '--check',
        'command:pnpm test, twice',
        '--check',
        'files:a.js,b.js',
        '--check',
        'pr:acme/app#12',
      ],
      ...['--gate', 'person', '--gate', 'command:./verify', '--budget-tokens', '1000', '--budget-money', '2.5', '--budget-time', '90', '--goal-turns', '4'],
    )
    expect(await tasks.get(task.id)).toMatchObject({
      title: 'Upgrade the linter',
      body: 'All of it',
      state: 'todo',
      assignee: 'coder',
      priority: -5,
      tenant: 'acme',
      labels: ['a', 'b', 'c'],
      dueAt: new Date(2030, 0, 31).getTime(),
      notBefore: shell.clock.now() + 2 * 3_600_000,
      estimateMinutes: 30,
      reviewer: 'anna',
      createdBy: 'cli',
      parents: { mode: 'any', open: 1 },
      settings: {
        model: 'deep',
        reasoningEffort: 'high',
        skills: ['lint'],
        workspace: { kind: 'worktree', path: '/src/app', branch: 'linter' },
        maxRuntimeMs: 7_200_000,
        maxAttempts: 2,
        budget: { tokens: 1_000, costMicros: 2_500_000, runMs: 90_000 },
        checks: [
          { kind: 'command', command: 'pnpm test, twice' },
          { kind: 'files', paths: ['a.js', 'b.js'] },
          { kind: 'pull_request', repository: 'acme/app', number: 12 },
        ],
        gates: [{ kind: 'person' }, { kind: 'command', command: './verify' }],
        goal: { maxTurns: 4 },
      },
    })
    expect(await tasks.links([2])).toEqual([{ parentNumber: 1, childNumber: 2, condition: 'always', state: 'open' }])
  })

  it('reads what is to be done from a file or from standard input', async () => {
    await using shell = await openBoardShell()
    const file = `${shell.home}/body.md`
    writeFileSync(file, 'from a file')
    await shell.run('create', 'one', '--body-file', file)
    await shell.runWith({ readInput: async () => 'from input' }, 'create', 'two', '--body-file', '-')
    const bodies = await Promise.all([1, 2].map(async (number) => (await shell.storesOf('default').tasks.get(number))?.body))
    expect(bodies).toEqual(['from a file', 'from input'])
    expect(await shell.run('create', 'three', '--body-file', `${file}.none`)).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') })
    expect(await shell.run('create', 'three', '--body-file', '-')).toMatchObject({ code: 2, err: expect.stringContaining('no standard input') })
  })

  it('makes one task with one key, triage and blocked ones where they belong, and says what a task waits for', async () => {
    await using shell = await openBoardShell()
    const key = ['--idempotency-key', 'nightly', '--scope', 'open']
    expect((await shell.run('create', 'one', ...key)).out).toBe('Made #1 ready "one". Nobody is named for it yet.\n')
    expect((await shell.run('create', 'one again', ...key)).out).toBe('#1 ready "one" was made with this key before.\n')
    await shell.run('complete', '1')
    expect(await shell.json('create', 'one', ...key)).toMatchObject({ created: true, task: { number: 2 } })
    expect(await shell.json('create', 'idea', '--triage')).toMatchObject({ task: { state: 'triage' } })
    expect(await shell.json('create', 'later', '--blocked', 'Which colour?')).toMatchObject({
      task: { state: 'blocked', block: { kind: 'needs_input', reason: 'Which colour?' } },
    })
    expect((await shell.run('create', 'child', '--parent', '3', '--assignee', 'coder')).out).toBe('Made #5 todo "child". Waits for 1 of its parents.\n')
  })

  it.for([
    [['--workspace', 'dir'], "'dir' is no workspace"],
    [['--workspace', 'scratch:/x'], 'is no workspace'],
    [['--branch', 'x'], '--branch is that of a worktree'],
    [['--check', 'hope'], "'hope' is no check"],
    [['--gate', 'dog'], "'dog' is no gate"],
    [['--due', 'whenever'], "'whenever' is no time"],
    [['--budget-money', 'much'], 'Expected an amount of money'],
    [['--max-runtime', '0'], 'Expected a length of time'],
    [['--max-attempts', '0'], '1 at least'],
    [['--triage', '--blocked', 'x'], 'cannot be used with'],
  ] as const)('%s is refused with what it should be, and nothing is made', async ([argv, words]) => {
    await using shell = await openBoardShell()
    expect(await shell.run('create', 'x', ...argv)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(words) })
    expect(await shell.json('list')).toEqual({ tasks: [] })
  })

  it('says that no dispatcher is running where that is known, beside the answer', async () => {
    await using shell = await openBoardShell()
    const create = async (isRunning: boolean) => (await shell.runWith({ isDispatcherRunning: async () => isRunning }, 'create', 'x')).err
    expect([await create(false), await create(true)]).toEqual(['No dispatcher is running: start it with `pnpm kanban`.\n', ''])
  })
})
