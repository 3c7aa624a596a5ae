import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { folderSize } from './folder-size.ts'
import { createGit } from './git.ts'
import { prepareWorkspace } from './prepare-workspace.ts'
import { removeWorkspace } from './remove-workspace.ts'

const owner = { board: 'default', taskNumber: 7 }

function places() {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'talaria-workspaces-')))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const home = join(base, 'home')
  mkdirSync(home)
  return { base, home, root: join(home, 'workspaces'), git: createGit({ PATH: process.env.PATH }) }
}

function repositoryIn(base: string): string {
  const path = join(base, 'repo')
  mkdirSync(path)
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '--allow-empty', '-m', 'first'],
  ])
    execFileSync('git', ['-C', path, ...args])
  return path
}

test('a scratch is a folder of the task, found again by the next attempt, and removed afterwards', async () => {
  const where = places()
  const first = await prepareWorkspace({ kind: 'scratch' }, owner, where)
  writeFileSync(join(first.path, 'half-done'), 'x')
  expect(await prepareWorkspace({ kind: 'scratch' }, owner, where)).toEqual(first)
  expect(existsSync(join(first.path, 'half-done'))).toBe(true)
  expect(await removeWorkspace({ kind: 'scratch' }, owner, where)).toBe('removed')
  expect(existsSync(first.path)).toBe(false)
  expect(await removeWorkspace({ kind: 'scratch' }, owner, where)).toBe('absent')
})

test('a folder that somebody named is never removed', async () => {
  const where = places()
  const wish = { kind: 'dir', path: join(where.base, 'project') } as const
  const { path } = await prepareWorkspace(wish, owner, where)
  expect(await removeWorkspace(wish, owner, where)).toBe('kept')
  expect(existsSync(path)).toBe(true)
})

test.each([
  ['the home itself', (where: ReturnType<typeof places>) => where.home],
  ['a folder inside the home', (where: ReturnType<typeof places>) => join(where.home, 'boards')],
  ['a folder around the home', (where: ReturnType<typeof places>) => where.base],
  ['a relative path', () => 'project'],
])('%s is nobody’s workspace', async (_, pathIn) => {
  const where = places()
  await expect(prepareWorkspace({ kind: 'dir', path: pathIn(where) }, owner, where)).rejects.toMatchObject({ code: 'workspace_refused' })
})

test('a link that leads into the home is seen through', async () => {
  const where = places()
  symlinkSync(where.home, join(where.base, 'innocent'))
  await expect(prepareWorkspace({ kind: 'dir', path: join(where.base, 'innocent') }, owner, where)).rejects.toMatchObject({ code: 'workspace_refused' })
})

test('a scratch that was replaced by a link is left alone, and so is what it leads to', async () => {
  const where = places()
  const precious = join(where.base, 'precious')
  mkdirSync(precious)
  writeFileSync(join(precious, 'thesis'), 'x')
  mkdirSync(join(where.root, 'default'), { recursive: true })
  symlinkSync(precious, join(where.root, 'default', '7'))
  expect(await removeWorkspace({ kind: 'scratch' }, owner, where)).toBe('refused')
  expect(existsSync(join(precious, 'thesis'))).toBe(true)
})

test('a board folder that was replaced by a link does not lead out of the workspaces', async () => {
  const where = places()
  const precious = join(where.base, 'precious')
  mkdirSync(join(precious, '7'), { recursive: true })
  mkdirSync(where.root)
  symlinkSync(precious, join(where.root, 'default'))
  expect(await removeWorkspace({ kind: 'scratch' }, owner, where)).toBe('refused')
  expect(existsSync(join(precious, '7'))).toBe(true)
})

test('a worktree has a branch of its own, and goes with it when nothing was committed', async () => {
  const where = places()
  const wish = { kind: 'worktree', path: repositoryIn(where.base) } as const
  const made = await prepareWorkspace(wish, owner, where)
  expect(made).toMatchObject({ kind: 'worktree', branch: 'talaria/default-7' })
  expect(await prepareWorkspace(wish, owner, where)).toEqual(made)
  expect(await removeWorkspace(wish, owner, where)).toBe('removed')
  expect(execFileSync('git', ['-C', wish.path, 'branch', '--list', 'talaria/*'], { encoding: 'utf8' })).toBe('')
})

test('a worktree with changes stays, and so does the branch of one with commits', async () => {
  const where = places()
  const wish = { kind: 'worktree', path: repositoryIn(where.base) } as const
  const { path } = await prepareWorkspace(wish, owner, where)
  writeFileSync(join(path, 'work'), 'x')
  expect(await removeWorkspace(wish, owner, where)).toBe('kept_changes')
  execFileSync('git', ['-C', path, 'add', '.'])
  execFileSync('git', ['-C', path, '-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-q', '-m', 'work'])
  expect(await removeWorkspace(wish, owner, where)).toBe('removed')
  expect(execFileSync('git', ['-C', wish.path, 'log', '--oneline', 'talaria/default-7'], { encoding: 'utf8' })).toContain('work')
})

test('a repository that is none, and a branch name that git does not take, say so', async () => {
  const where = places()
  mkdirSync(join(where.base, 'plain'))
  await expect(prepareWorkspace({ kind: 'worktree', path: join(where.base, 'plain') }, owner, where)).rejects.toMatchObject({ code: 'worktree_failed' })
  const path = repositoryIn(where.base)
  await expect(prepareWorkspace({ kind: 'worktree', path, branch: '--upload-pack=x' }, owner, where)).rejects.toMatchObject({ code: 'worktree_failed' })
  expect(existsSync(join(where.root, 'default', '7'))).toBe(false)
})

test('a folder is counted until the limit is passed, and links out of it are not followed', async () => {
  const where = places()
  mkdirSync(join(where.base, 'deep', 'er'), { recursive: true })
  writeFileSync(join(where.base, 'deep', 'er', 'a'), Buffer.alloc(1_000))
  writeFileSync(join(where.base, 'deep', 'b'), Buffer.alloc(500))
  symlinkSync('/usr', join(where.base, 'deep', 'c'))
  const bytes = await folderSize(join(where.base, 'deep'), 1_000_000)
  expect(bytes).toBeGreaterThanOrEqual(1_500)
  expect(bytes).toBeLessThan(2_000)
})
