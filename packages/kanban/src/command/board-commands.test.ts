import { writeFileSync } from 'node:fs'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'

checkForLeaks()

describe('boards', () => {
  it('are made, listed, named, put away and deleted', async () => {
    await using shell = await openBoardShell([])
    expect((await shell.run('boards')).out).toContain('There are no boards yet')
    expect((await shell.run('boards', 'create', 'website', '--name', 'Our website', '--icon', '🌐')).out).toBe("Made the board 'website'.\n")
    expect((await shell.run('boards', 'create', 'website')).out).toBe("There is a board 'website'.\n")
    await shell.run('boards', 'rename', 'website', 'Our', 'new website')
    await shell.run('boards', 'set-default-workdir', 'website', '/src/website')
    expect((await shell.run('boards', 'show', 'website')).out).toMatch(/^website {2}Our new website\n[^]*works in \/src\/website\n/)
    await shell.run('boards', 'set-default-workdir', 'website')
    expect(await shell.json('boards', 'show', 'website')).toMatchObject({ name: 'Our new website', icon: '🌐', settings: {}, byState: {} })
    await shell.run('boards', 'create', 'other')
    expect((await shell.run('boards', 'switch', 'other')).out).toBe("The board 'other' is meant from now on.\n")
    await shell.run('boards', 'archive', 'website')
    expect((await shell.run('boards')).out).toMatch(/^\* +other +Other +open$/m)
    expect((await shell.run('boards', 'list')).out).not.toContain('website')
    expect((await shell.run('boards', 'list', '--all')).out).toMatch(/website +Our new website +archived/)
    await shell.run('boards', 'restore', 'website')
    expect(await shell.run('boards', 'rm', 'website')).toMatchObject({ code: 1, err: expect.stringContaining('--yes') })
    expect(await shell.run('boards', 'rm', 'website', '--yes')).toMatchObject({ code: 0, out: "The board 'website' is deleted.\n" })
    expect(shell.databases.boards.slugs()).toEqual(['other'])
    for (const argv of [
      ['switch', 'website'],
      ['rename', 'website', 'x'],
      ['archive', 'website'],
      ['rm', 'website', '--yes'],
    ]) {
      expect(await shell.run('boards', ...argv)).toMatchObject({ code: 1, err: expect.stringContaining("no board 'website'") })
    }
  })

  it('that are damaged are listed with the reason, and the others work', async () => {
    await using shell = await openBoardShell(['good'])
    writeFileSync(`${shell.home}/boards/bad.db`, 'no database, but long enough to be looked at '.repeat(200))
    expect((await shell.run('boards')).out).toMatch(/bad +damaged: /)
    expect(await shell.run('create', 'x', '--board', 'good')).toMatchObject({ code: 0 })
    expect(await shell.run('list', '--board', 'bad')).toMatchObject({ code: 1, out: '' })
  })

  it('are paused as a whole', async () => {
    await using shell = await openBoardShell()
    expect((await shell.run('pause', '--reason', 'We deploy')).out).toContain("Nothing begins on 'default'")
    expect((await shell.run('boards')).out).toContain('paused: We deploy')
    expect((await shell.run('resume')).out).toBe("Tasks begin on 'default' again.\n")
    expect(await shell.json('boards', 'show')).toMatchObject({ pausedAt: null })
  })

  it('lose for good what was deleted long ago', async () => {
    await using shell = await openBoardShell()
    await shell.run('create', 'old')
    await shell.run('create', 'new')
    await shell.run('rm', '1')
    await shell.clock.advance(31 * 86_400_000)
    await shell.run('rm', '2')
    expect((await shell.run('gc')).out).toBe('Removed 1 tasks, 0 events, 0 words of workers, 0 files and 0 boards.\n')
    expect((await shell.json<{ tasks: unknown[] }>('list', '--deleted')).tasks).toMatchObject([{ number: 2 }])
    expect(await shell.runWith({ isAdmin: false }, 'gc')).toMatchObject({ code: 1, err: expect.stringContaining('for admins') })
  })
})
