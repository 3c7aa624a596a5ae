import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FakeClock } from '@talaria/core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MediaCache, safeName } from './media-cache.ts'

describe('MediaCache', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'talaria-media-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('keeps a file where its kind belongs, whatever it is called', async () => {
    const cache = new MediaCache(folder, new FakeClock(Date.now()))
    const path = await cache.keep({ kind: 'document', name: '../../../etc/cron.d/evil.sh' }, new Uint8Array([1, 2]))
    expect(dirname(path)).toBe(join(folder, 'documents'))
    expect(path.endsWith('-evil.sh')).toBe(true)
    expect([...readFileSync(path)]).toEqual([1, 2])
  })

  it('keeps two files of one name', async () => {
    const cache = new MediaCache(folder, new FakeClock(Date.now()))
    const paths = [
      await cache.keep({ kind: 'image', name: 'a.png' }, new Uint8Array([1])),
      await cache.keep({ kind: 'image', name: 'a.png' }, new Uint8Array([2])),
    ]
    expect(paths.map((path) => readFileSync(path)[0])).toEqual([1, 2])
  })

  it('removes what is a day old, and nothing younger', async () => {
    const clock = new FakeClock(Date.now())
    const cache = new MediaCache(folder, clock)
    await cache.keep({ kind: 'voice' }, new Uint8Array())
    await clock.advance(23 * 3_600_000)
    expect(await cache.clean()).toBe(0)
    await clock.advance(2 * 3_600_000)
    expect(await cache.clean()).toBe(1)
    expect(readdirSync(join(folder, 'audio'))).toEqual([])
  })

  it('makes names safe', () => {
    for (const [name, safe] of [
      ['report.pdf', 'report.pdf'],
      ['..\\..\\boot.ini', 'boot.ini'],
      ['.bashrc', 'bashrc'],
      ['a\nb\u001b[0m.txt', 'a_b__0m.txt'],
      ['..', 'file'],
      ['x'.repeat(300) + '.png', 'x'.repeat(80) + '.png'],
      ['отчёт 1.txt', 'отчёт 1.txt'],
    ]) {
      expect(safeName(name!)).toBe(safe)
    }
  })
})
