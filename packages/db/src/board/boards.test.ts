import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'

checkForLeaks()

test('a board is made once, and is found by its slug after that', async () => {
  await using test = openTestDatabases()
  const { boards } = test.databases
  const first = await boards.create({ slug: ' Release-Train ', description: 'ships' }, 'cli')
  const second = await boards.create({ slug: 'release-train', name: 'Another' }, 'cli')
  expect([first.created, second.created]).toEqual([true, false])
  expect(second.board).toMatchObject({ slug: 'release-train', name: 'Release Train', description: 'ships' })
  expect(await boards.get('release-train')).toEqual(first.board)
  expect(await boards.list()).toEqual([{ slug: 'release-train', board: first.board }])
})

test.each(['', '../etc', 'a/b', 'a.db', '-a', 'ä', 'a b', 'x'.repeat(65), '..', '\0'])('%j is no name of a board, and no file is made for it', async (slug) => {
  await using test = openTestDatabases()
  await expect(test.databases.boards.create({ slug }, 'cli')).rejects.toMatchObject({ code: 'INVALID', details: { field: 'slug' } })
  await expect(test.databases.boards.get(slug)).rejects.toMatchObject({ code: 'BOARD_NOT_FOUND' })
  expect(() => test.databases.board(slug)).toThrow(expect.objectContaining({ code: 'BOARD_NOT_FOUND' }))
  expect(existsSync(join(dirname(test.file), 'boards'))).toBe(false)
})

test('a board that nobody made is not made by looking at it', async () => {
  await using test = openTestDatabases()
  expect(() => test.databases.board('slip')).toThrow(expect.objectContaining({ code: 'BOARD_NOT_FOUND' }))
  expect(test.databases.boards.slugs()).toEqual([])
})

test('an archived board is in the list only when asked for, until it is restored', async () => {
  await using test = openTestDatabases()
  const { boards } = test.databases
  await boards.create({ slug: 'old' }, 'cli')
  await test.databases.board('old').board.archive('cli')
  expect(await boards.list()).toEqual([])
  expect(await boards.list({ includeArchived: true })).toMatchObject([{ slug: 'old', board: { archivedAt: expect.any(Number) } }])
  await test.databases.board('old').board.restore('cli')
  expect(await boards.list()).toHaveLength(1)
})

test('a deleted board is gone with its files, and one of its name may be made anew', async () => {
  await using test = openTestDatabases()
  const { boards } = test.databases
  await boards.create({ slug: 'gone' }, 'cli')
  boards.setCurrent('gone')
  await boards.remove('gone')
  expect(boards.slugs()).toEqual([])
  expect(boards.current()).toBeUndefined()
  await expect(boards.get('gone')).rejects.toMatchObject({ code: 'BOARD_NOT_FOUND' })
  expect((await boards.create({ slug: 'gone' }, 'cli')).created).toBe(true)
})

test('the files of a deleted board stay while somebody follows it, and it is in no list', async () => {
  await using test = openTestDatabases()
  const { boards } = test.databases
  await boards.create({ slug: 'busy' }, 'cli')
  const follower = new AbortController()
  const changes = test.databases.board('busy').board.changes(follower.signal)
  await changes.next()
  await boards.remove('busy')
  expect(boards.slugs()).toEqual(['busy'])
  expect(await boards.list({ includeArchived: true })).toEqual([])
  await expect(boards.create({ slug: 'busy' }, 'cli')).rejects.toMatchObject({ code: 'BOARD_EXISTS' })
  follower.abort()
  await changes.return(undefined)
  expect(await boards.sweep()).toEqual(['busy'])
  expect(boards.slugs()).toEqual([])
})

test('a board whose file is damaged is listed with the reason, beside those that are well', async () => {
  await using test = openTestDatabases()
  const { boards } = test.databases
  await boards.create({ slug: 'well' }, 'cli')
  writeFileSync(join(dirname(test.file), 'boards', 'ill.db'), 'this is no database, however long it is read'.repeat(100))
  expect(await boards.list()).toMatchObject([
    { slug: 'ill', code: 'CORRUPT' },
    { slug: 'well', board: { slug: 'well' } },
  ])
})

test('the board that is meant when none is named survives in a file that editors may write', async () => {
  await using test = openTestDatabases()
  const { boards } = test.databases
  await boards.create({ slug: 'home' }, 'cli')
  boards.setCurrent('home')
  const file = join(dirname(test.file), 'boards', 'current')
  expect(readFileSync(file, 'utf8')).toBe('home\n')
  writeFileSync(file, '\uFEFFhome\r\n')
  expect(boards.current()).toBe('home')
  writeFileSync(file, '../../etc/passwd')
  expect(boards.current()).toBeUndefined()
})

test('a change that was made on an older reading is refused, and settings are merged', async () => {
  await using test = openTestDatabases()
  await test.databases.boards.create({ slug: 'x', settings: { maxRunning: 3, defaultAssignee: 'anna' } }, 'cli')
  const { board } = test.databases.board('x')
  const changed = await board.change({ name: 'Y', settings: { maxRunning: 4, defaultAssignee: null } }, { actor: 'cli', revision: 1 })
  expect(changed).toMatchObject({ name: 'Y', revision: 2, settings: { maxRunning: 4 } })
  expect(changed.settings).not.toHaveProperty('defaultAssignee')
  await expect(board.change({ name: 'Z' }, { actor: 'cli', revision: 1 })).rejects.toMatchObject({ code: 'STALE_REVISION' })
})
