import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'
import { claimTask } from '../testing/claim-task.ts'

checkForLeaks()

describe('what concerns attempts', () => {
  it('is how they went and what their workers said', async () => {
    await using shell = await openBoardShell()
    const stores = shell.storesOf('default')
    await shell.run('create', 'one', '--assignee', 'ada')
    expect((await shell.run('runs', '1')).out).toBe('#1 has not been begun.\n')
    expect(await shell.run('transcript', '1')).toMatchObject({ code: 1, err: expect.stringContaining('has not been begun') })
    const { claim } = await claimTask(stores, 1, shell.clock.now())
    await stores.transcripts.append(claim, [
      { seq: 0, kind: 'text', body: 'I look' },
      { seq: 1, kind: 'tool', body: 'grep \u001B[2J' },
    ])
    await stores.claims.fail(claim, { class: 'crash', code: 'exit', message: 'exited with 1' }, { isCounted: true, retryAt: shell.clock.now() })
    await shell.clock.advance(60_000)
    const second = await claimTask(stores, 1, shell.clock.now())
    const { out } = await shell.run('runs', '1')
    expect(out).toMatch(/^1 +run_\S+ +failed +ada +1 min ago +0 s +exit: exited with 1\n2 +run_\S+ +running/m)
    expect((await shell.run('log', '1')).out).toBe('Nothing was said.\n')
    expect((await shell.run('log', '1', '--run', claim.runId)).out).toBe('0 text  I look\n1 tool  grep [2J\n')
    expect(await shell.json('transcript', '1', '--run', claim.runId, '--after', '0')).toEqual({
      run: claim.runId,
      entries: [expect.objectContaining({ seq: 1 })],
    })
    expect(await shell.run('transcript', '1', '--run', 'run_x')).toMatchObject({ code: 1 })
    expect(await shell.json('runs', '1')).toMatchObject([{ outcome: 'failed' }, { id: second.run.id, outcome: null }])
  })

  it('is what is said to the worker and wanted of it, while it runs', async () => {
    await using shell = await openBoardShell()
    const stores = shell.storesOf('default')
    await shell.run('create', 'one', '--assignee', 'ada')
    for (const command of [
      ['steer', '1', 'x'],
      ['stop', '1'],
      ['pause', '1'],
      ['resume', '1'],
    ]) {
      expect(await shell.run(...command)).toMatchObject({ code: 1, err: expect.stringContaining('#1 is not running: it is ready') })
    }
    const { claim } = await claimTask(stores, 1, shell.clock.now())
    const wish = async () => (await stores.claims.get(claim.runId))?.wish
    await shell.run('steer', '1', 'Leave', 'the tests')
    expect(await stores.claims.takeSteering(claim)).toMatchObject([{ body: 'Leave the tests', author: 'cli' }])
    await shell.run('pause', '1')
    expect(await wish()).toBe('pause')
    await shell.run('resume', '1')
    expect(await wish()).toBe('resume')
    expect((await shell.run('stop', '1', '--reason', 'Not needed')).out).toBe('The worker of #1 is asked to stop.\n')
    expect(await stores.claims.get(claim.runId)).toMatchObject({ wish: 'stop', wishReason: 'Not needed' })
    expect(await shell.run('pause', '1')).toMatchObject({ code: 1, err: expect.stringContaining('is stopping already') })
  })
})

describe('approvals', () => {
  it('are listed, and answered by their id or by the task that has only one', async () => {
    await using shell = await openBoardShell()
    const stores = shell.storesOf('default')
    await shell.run('create', 'one', '--assignee', 'ada')
    const { revision } = (await stores.tasks.get(1))!
    const ask = (command: string) => stores.approvals.ask({ taskNumber: 1, taskRevision: revision, gate: { kind: 'command', command }, askedBy: 'worker:x' })
    const first = await ask('./a')
    expect((await shell.run('approvals')).out).toMatch(/apr_\S+ +#1 +command: \.\/a +waiting/)
    expect((await shell.run('approve', '1')).out).toBe('#1 is approved.\n')
    expect(await stores.approvals.list({ taskNumber: 1 })).toMatchObject([{ id: first.id, state: 'approved', answeredBy: 'cli' }])
    expect(await shell.run('approve', '1')).toMatchObject({ code: 1, err: expect.stringContaining('nobody') })
    const [second] = [await ask('./b'), await ask('./c')]
    expect(await shell.run('deny', '1')).toMatchObject({ code: 2, err: expect.stringContaining(second.id) })
    expect((await shell.run('deny', second.id, '--reason', 'Too few')).out).toBe('#1 is denied.\n')
    expect(await shell.run('deny', second.id)).toMatchObject({ code: 1 })
    expect(await shell.json('approvals', '1', '--all')).toHaveLength(3)
    expect(await shell.json('approvals', '1')).toHaveLength(1)
  })
})

describe('subscriptions', () => {
  it('are of chats, conversations and URLs, to a task or the board; no secret is shown', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'one')
    expect((await shell.run('subscriptions')).out).toBe('Nobody is told.\n')
    const { id } = await shell.json<{ id: string }>('subscribe', '1', '--chat', 'telegram:bot:-4711:9', '--kinds', 'task.completed', '--digest', '30')
    await shell.run('subscribe', '1', '--session', 'ses_1')
    await shell.run('subscribe', '--webhook', 'https://example.org/hook', '--mode', 'notify')
    expect(await shell.json('subscriptions')).toMatchObject([
      {
        taskNumber: 1,
        target: { kind: 'chat', platform: 'telegram', account: 'bot', chatId: '-4711', threadId: '9' },
        kinds: ['task.completed'],
        digestMinutes: 30,
      },
      { taskNumber: 1, target: { kind: 'session', sessionId: 'ses_1' }, mode: 'wake' },
      { taskNumber: null, target: { kind: 'webhook', url: 'https://example.org/hook' } },
    ])
    await shell.storesOf('default').subscriptions.add(null, { target: { kind: 'webhook', url: 'https://example.org/hook', secret: 'hunter2' } }, 'cli')
    const listed = [await shell.run('subscriptions'), await shell.run('subscriptions', '--json')]
    expect(listed.map(({ out }) => out.includes('hunter2'))).toEqual([false, false])
    expect((await shell.run('subscriptions', '1')).out).toContain('telegram:bot:-4711:9')
    expect(await shell.run('unsubscribe', id)).toMatchObject({ code: 0 })
    expect(await shell.run('unsubscribe', id)).toMatchObject({ code: 1 })
    expect(await shell.run('unsubscribe', '1')).toMatchObject({ code: 1, err: expect.stringContaining('by its id') })
    for (const [argv, words] of [
      [['--chat', 'telegram'], 'is no chat'],
      [[], 'Who is to be told'],
      [['--webhook', 'ftp://x'], 'http or https'],
      [['--webhook', 'https://x', '--chat', 'a:b:c'], 'cannot be used with'],
    ] as const) {
      expect(await shell.run('subscribe', '1', ...argv)).toMatchObject({ code: 2, err: expect.stringContaining(words) })
    }
  })
})
