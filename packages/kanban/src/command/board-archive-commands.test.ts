import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openBoardShell } from '../testing/board-shell.ts'

test('a board is written to a file and made anew from it, beside the one that there is', async () => {
  await using shell = await openBoardShell()
  await shell.run('create', 'Water the plants', '--assignee', 'ada')
  const file = join(shell.home, 'plants.tar.gz')
  expect(await shell.run('boards', 'export', '--output', file)).toMatchObject({ code: 0, out: expect.stringContaining(file) })
  const made = await shell.json('boards', 'import', file)
  expect(made.slug).not.toBe('default')
  expect((await shell.storesOf(made.slug).tasks.get(1))!).toMatchObject({ title: 'Water the plants', assignee: 'ada', state: 'ready' })
})

test('a file that is there is not written over, and what is no archive makes no board', async () => {
  await using shell = await openBoardShell()
  const file = join(shell.home, 'letter.txt')
  writeFileSync(file, 'Dear Ada')
  expect(await shell.run('boards', 'export', '--output', file)).toMatchObject({ code: 2, err: expect.stringContaining('--output') })
  expect(readFileSync(file, 'utf8')).toBe('Dear Ada')
  expect((await shell.run('boards', 'import', file)).code).toBe(2)
  expect((await shell.run('boards', 'import', join(shell.home, 'nowhere'))).code).toBe(2)
  expect((await shell.run('boards', 'export', 'nobody', '--output', join(shell.home, 'x'))).code).toBe(1)
  expect(existsSync(join(shell.home, 'x'))).toBe(false)
  expect(shell.databases.boards.slugs()).toEqual(['default'])
})

test('only admins read and write files of the host', async () => {
  await using shell = await openBoardShell()
  for (const argv of [
    ['boards', 'export'],
    ['boards', 'import', '/etc/passwd'],
  ]) {
    expect(await shell.runWith({ isAdmin: false }, ...argv)).toMatchObject({ code: 1, err: expect.stringContaining('for admins') })
  }
})
