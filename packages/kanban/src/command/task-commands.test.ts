import { readFileSync, writeFileSync } from 'node:fs'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell, type BoardShell } from '../testing/board-shell.ts'
import { claimTask } from '../testing/claim-task.ts'

checkForLeaks()

async function openShellWith(...titles: readonly string[]): Promise<BoardShell> {
  const shell = await openBoardShell()
  for (const title of titles) await shell.run('create', title, '--assignee', 'coder')
  return shell
}

const stateOf = async (shell: BoardShell, number: number) => (await shell.storesOf('default').tasks.get(number))?.state

describe('commands that move tasks', () => {
  it('do so with each that is named, and one that refuses keeps nobody else from it', async () => {
    await using shell = await openShellWith('one', 'two')
    expect(await shell.run('complete', '1', '7', '2')).toEqual({
      code: 1,
      out: '#1 "one" is done.\n#2 "two" is done.\n',
      err: 'talaria kanban: There is no task 7 on this board.\n',
    })
    const { code, out } = await shell.run('reopen', '1', '7', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual([
      expect.objectContaining({ number: 1, state: 'ready' }),
      { task: '7', error: { code: 'TASK_NOT_FOUND', message: expect.any(String) } },
    ])
  })

  it('bring a task to every state and back, as the table of transitions has it', async () => {
    await using shell = await openShellWith('one')
    const steps: readonly (readonly [string, string])[] = [
      ['block 1 --reason colour? --kind capability', 'blocked'],
      ['unblock 1', 'ready'],
      ['schedule 1 tomorrow 9:00', 'scheduled'],
      ['promote 1', 'ready'],
      ['request-review 1 --reviewer anna', 'review'],
      ['request-changes 1 --reason Again.', 'ready'],
      ['complete 1 --summary Cache. --result {} --metadata {"pr":12}', 'done'],
      ['reopen 1 --reason Slow.', 'ready'],
      ['archive 1', 'archived'],
      ['unarchive 1', 'ready'],
    ]
    for (const [line, state] of steps) {
      expect(await shell.run(...line.split(' ')), line).toMatchObject({ code: 0, err: '' })
      expect(await stateOf(shell, 1), line).toBe(state)
    }
    expect(await shell.run('unblock', '1')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('ready') })
    expect(await shell.storesOf('default').tasks.get(1)).toMatchObject({ result: '{}', metadata: { pr: 12 } })
  })

  it('take a task from its worker, and say its failure', async () => {
    await using shell = await openShellWith('one', 'two')
    await shell.run('create', 'plan B', '--parent', '2', '--on', 'failure')
    await claimTask(shell.storesOf('default'), 1, shell.clock.now())
    expect(await shell.run('reclaim', '1')).toMatchObject({ code: 0, out: '#1 "one" is free again.\n' })
    expect(await stateOf(shell, 1)).toBe('ready')
    await shell.run('complete', '2', '--failure')
    expect(await stateOf(shell, 3)).toBe('ready')
  })

  it('keep the answer to a question as a comment, and refuse words about several tasks', async () => {
    await using shell = await openShellWith('one', 'two')
    await shell.run('block', '1', '2', '--reason', 'Which colour?')
    await shell.run('unblock', '1', '--reason', 'Blue')
    expect(await shell.storesOf('default').comments.list(1, { limit: 10 })).toMatchObject([{ body: 'Blue', author: 'cli' }])
    expect(await shell.run('complete', '1', '2', '--summary', 'x')).toMatchObject({ code: 2, err: expect.stringContaining('one task') })
    expect(await shell.run('complete', '1', '--metadata', '[1]')).toMatchObject({ code: 2, err: expect.stringContaining('JSON object') })
    expect(await shell.run('block', '1')).toMatchObject({ code: 2, err: expect.stringContaining('--reason') })
  })

  it('delete a task and take that back', async () => {
    await using shell = await openShellWith('one')
    expect((await shell.run('rm', '1')).out).toBe('#1 "one" is deleted.\n')
    expect(await shell.run('show', '1')).toMatchObject({ code: 1, err: expect.stringContaining("no task 1 on the board 'default'") })
    await shell.run('restore', '1')
    expect(await stateOf(shell, 1)).toBe('ready')
  })
})

describe('commands that change tasks', () => {
  it('change what is named, clear what is none, and leave the rest', async () => {
    await using shell = await openShellWith()
    await shell.run('create', 'one', '--due', 'friday', '--label', 'x', '--tenant', 'acme', '--model', 'deep', '--reasoning', 'high')
    await shell.run('edit', '1', '--title', 'uno', '--due', 'none', '--label', 'none', '--tenant', 'none', '--model', 'none', '--priority', '3')
    expect(await shell.storesOf('default').tasks.get(1)).toMatchObject({
      title: 'uno',
      dueAt: null,
      labels: [],
      tenant: null,
      priority: 3,
      settings: { reasoningEffort: 'high' },
    })
    expect((await shell.storesOf('default').tasks.get(1))?.settings.model).toBeUndefined()
    expect(await shell.run('edit', '1')).toMatchObject({ code: 2, err: expect.stringContaining('Nothing to change') })
  })

  it('specify what is in triage', async () => {
    await using shell = await openShellWith()
    await shell.run('create', 'invoices?', '--triage')
    expect((await shell.run('specify', '1', '--title', 'Send invoices', '--body', 'By mail')).out).toBe('#1 ready "Send invoices" is specified.\n')
    expect(await shell.run('specify', '1')).toMatchObject({ code: 1 })
  })

  it('give a task to somebody, to nobody, and away from a worker', async () => {
    await using shell = await openShellWith('one')
    const stores = shell.storesOf('default')
    expect((await shell.run('assign', '1', 'none')).out).toBe('#1 "one" is nobody\'s.\n')
    expect((await shell.run('assign', '1', 'coder')).out).toBe('#1 "one" is given to coder.\n')
    await claimTask(stores, 1, shell.clock.now())
    expect(await shell.run('assign', '1', 'writer')).toMatchObject({ code: 1 })
    expect((await shell.run('reassign', '1', 'writer', '--reason', 'Words')).out).toBe('#1 ready "one" is given to writer.\n')
    expect(await stores.comments.list(1, { limit: 1 })).toMatchObject([{ body: 'Words' }])
  })

  it('redrive what was given up, and nothing else', async () => {
    await using shell = await openShellWith('one', 'two')
    const stores = shell.storesOf('default')
    const { claim } = await claimTask(stores, 1, shell.clock.now())
    await stores.claims.fail(claim, { class: 'crash', code: 'exit', message: 'exited with 1' }, { isCounted: true, giveUp: 'gave_up' })
    expect(await stateOf(shell, 1)).toBe('blocked')
    expect(await shell.run('redrive', '2')).toMatchObject({ code: 1, err: expect.stringContaining('was not given up') })
    expect(await shell.run('redrive')).toMatchObject({ code: 2 })
    expect((await shell.run('redrive', '--all')).out).toBe('#1 "one" is tried again.\n')
    expect(await stateOf(shell, 1)).toBe('ready')
    expect((await shell.run('redrive', '--all')).out).toBe('Nothing was given up.\n')
  })
})

describe('what belongs to tasks', () => {
  it('are comments, files and links', async () => {
    await using shell = await openShellWith('one', 'two')
    const file = `${shell.home}/notes.txt`
    writeFileSync(file, 'remember')
    await shell.run('comment', '1', 'The log', 'is here')
    const { id, name } = await shell.json<{ id: string; name: string }>('attach', '1', file, '--content-type', 'text/plain')
    expect(name).toBe('notes.txt')
    expect(readFileSync(`${shell.home}/boards/default.files/${id}`, 'utf8')).toBe('remember')
    expect((await shell.run('attachments', '1')).out).toMatch(/notes\.txt +text\/plain +8 +cli/)
    await shell.run('link', '1', '2')
    const { out } = await shell.run('show', '1')
    for (const words of ['The log is here', id, '#2 (on success, open)']) expect(out).toContain(words)
    expect((await shell.run('link', '2', '1')).err).toContain('#1 → #2 → #1')
    expect(await shell.run('unlink', '1', '2')).toMatchObject({ code: 0 })
    expect(await shell.run('unlink', '1', '2')).toMatchObject({ code: 1 })
    expect(await shell.run('attach-rm', id)).toMatchObject({ code: 0 })
    expect(await shell.run('attach-rm', id)).toMatchObject({ code: 1 })
    expect((await shell.run('attachments', '1')).out).toBe('#1 has no files.\n')
    expect(await shell.run('attach', '1', `${file}.none`)).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') })
  })
})
