import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sendablePath } from './path-policy.ts'

describe('sendablePath', () => {
  let home: string
  let root: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'talaria-paths-'))
    root = join(home, 'workspace')
    mkdirSync(join(root, '.ssh'), { recursive: true })
    for (const file of ['workspace/a.txt', 'workspace/.ssh/id', 'secret.txt']) writeFileSync(join(home, file), '')
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('gives the real path of a file in a root', async () => {
    expect(await sendablePath(join(root, 'a.txt'), { roots: [root] })).toBe(join(root, 'a.txt'))
  })

  it('refuses what lies elsewhere, however it is spelt', async () => {
    symlinkSync(join(home, 'secret.txt'), join(root, 'link.txt'))
    symlinkSync(home, join(root, 'up'))
    for (const path of ['../secret.txt', 'link.txt', 'up/secret.txt', '../workspace', '.', 'missing.txt', 'a.txt\0', '../workspace-2/a.txt']) {
      expect(await sendablePath(join(root, path), { roots: [root] }), path).toBeUndefined()
    }
    expect(await sendablePath('a.txt', { roots: [root] })).toBeUndefined()
  })

  it('refuses secrets and the system even where a root holds them', async () => {
    expect(await sendablePath(join(root, '.ssh/id'), { roots: [root] })).toBeUndefined()
    expect(await sendablePath('/etc/hostname', { roots: ['/'] })).toBeUndefined()
    expect(await sendablePath('/proc/self/environ', { roots: ['/', '/proc'] })).toBeUndefined()
  })
})
