import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'

checkForLeaks()

describe('what is typed', () => {
  it('ends with 0 when it was done, 1 when it was refused, and 2 when it is not understood; what went wrong is no answer', async () => {
    await using shell = await openBoardShell()
    expect(await shell.run('create', 'Fix it', '--assignee', 'coder')).toEqual({ code: 0, out: 'Made #1 ready "Fix it".\n', err: '' })
    expect(await shell.run('complete', '9')).toEqual({ code: 1, out: '', err: 'talaria kanban: There is no task 9 on this board.\n' })
    for (const [argv, words] of [
      [['lst'], 'Did you mean'],
      [['list', '--loud'], 'unknown option'],
      [['create'], 'missing required argument'],
      [['create', 'x', '--priority', 'high'], 'Expected a whole number'],
      [['create', 'x', '--on', 'friday'], 'Allowed choices are success, failure, always'],
      [['create', 'x', '--body', 'a', '--body-file', 'b'], 'cannot be used with'],
      [['create', ' '], 'title: 1 to 500 characters'],
      [['show', '1', '2'], 'too many arguments'],
      [['list', '--state', 'waiting'], "'waiting' is no state. There are triage, todo"],
      [['list', '--limit', '501'], 'limit: 1 to 500'],
      [['boards', 'create', '../etc'], 'slug: up to 64'],
    ] as const) {
      const { code, out, err } = await shell.run(...argv)
      expect({ argv, code, out }).toEqual({ argv, code: 2, out: '' })
      expect(err).toContain(words)
    }
  })

  it('is listed with what it does where nothing is typed, and explained with examples that work', async () => {
    await using shell = await openBoardShell()
    const { code, out } = await shell.run()
    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}create +Make a task\.$/m)
    expect(out).toContain('talaria kanban why 12')
    const help = await shell.runWith({ name: '/kanban' }, 'block', '--help')
    expect(help).toMatchObject({ code: 0, err: '', out: expect.stringContaining('  /kanban block 12 --reason "Which colour?"\n') })
  })

  it('has colours in a terminal only, and nothing of a text that a terminal would obey', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'Fix it', '--assignee', 'coder')
    await shell.run('comment', '1', 'red \u001B[31m and \u202Egnitaerht')
    expect((await shell.runWith({ isTerminal: true }, 'list')).out).toContain('\u001B[36mready\u001B[39m')
    const { out } = await shell.run('show', '1')
    expect(out).not.toContain('\u001B')
    expect(out).toContain('red [31m and gnitaerht')
  })

  it('is about the board that is named, else the one chosen, else the only one, else `default`, which there always is', async () => {
    await using shell = await openBoardShell([])
    await shell.run('create', 'first')
    expect(shell.databases.boards.slugs()).toEqual(['default'])
    await shell.run('boards', 'create', 'website', '--switch')
    await shell.run('create', 'second')
    await shell.run('create', 'third', '--board', 'default')
    const titles = async (...argv: string[]) =>
      (await shell.json<{ tasks: { title: string }[] }>('list', '--sort', 'created', ...argv)).tasks.map(({ title }) => title)
    expect([await titles(), await titles('--board', 'default')]).toEqual([['second'], ['first', 'third']])
    await shell.run('boards', 'rm', 'default', '--yes')
    shell.databases.boards.setCurrent(undefined)
    expect(await titles()).toEqual(['second'])
    expect(await shell.run('list', '--board', 'nowhere')).toMatchObject({ code: 1, out: '', err: expect.stringContaining("no board 'nowhere'") })
  })
})
