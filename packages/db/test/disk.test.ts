import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findDamage } from '../src/integrity.ts'
import { checkForLeaks } from '../src/testing/check-for-leaks.ts'
import { addNote, notesOf } from '../src/testing/notes.ts'
import { openTestDatabase } from '../src/testing/open-test-database.ts'
import { startChild } from '../src/testing/start-child.ts'
import { temporaryHome } from '../src/testing/temporary-home.ts'

checkForLeaks()

const hasStrace = spawnSync('strace', ['-V']).status === 0
const canMount = canMountTmpfs()

/** Needs strace (`apt-get install strace`). */
test.runIf(hasStrace)('nothing is acknowledged before the write-ahead log that holds it was synced, and 20 writes at once share a sync', async () => {
  using home = temporaryHome()
  const trace = home.file('trace')
  const file = home.file('test.db')
  const under = ['strace', '-f', '-y', '-e', 'trace=fsync,fdatasync,write,pwrite64', '-o', trace]
  await using alone = startChild('writer', [file, JSON.stringify({ name: 'alone', count: 10 })], { under })
  expect(await alone.ended).toBe(0)
  expect(eventsOf(trace, file).join(' ')).toMatch(/(log )+sync acked( (log )+sync acked){9}( sync)?$/)

  await using together = startChild('writer', [file, JSON.stringify({ name: 'together', count: 20, concurrency: 20 })], { under })
  expect(await together.ended).toBe(0)
  const events = eventsOf(trace, file).join(' ')
  expect(events).not.toMatch(/log acked/)
  // One, were the process not slowed down by being traced.
  expect(events.match(/sync( acked)+/g)!.length).toBeLessThan(10)
  expect(events.match(/acked/g)).toHaveLength(20)
})

test.runIf(canMount)('on a full disk nothing is lost or acknowledged wrongly, and writing goes on when there is room again', async () => {
  using home = temporaryHome()
  using disk = mountTmpfs(home.file('disk'), '1m')
  await using db = openTestDatabase({ file: `${disk.path}/test.db` })
  await addNote(db.database, 'first')
  writeFileSync(`${disk.path}/ballast`, Buffer.alloc(300_000))
  const acknowledged = ['first']
  const codes = new Set<unknown>()
  for (let round = 0; round < 6; round++) {
    const texts = Array.from({ length: 10 }, (_, i) => `${round} ${i} ${'x'.repeat(10_000)}`)
    const results = await Promise.allSettled(texts.map((text) => addNote(db.database, text)))
    for (const [i, result] of results.entries()) {
      if (result.status === 'fulfilled') acknowledged.push(texts[i]!)
      else codes.add((result.reason as { code: unknown }).code)
    }
  }
  expect([...codes]).toEqual(['DISK_FULL'])
  expect(await notesOf(db.database)).toEqual(acknowledged)
  rmSync(`${disk.path}/ballast`)
  await addNote(db.database, 'room again')
  expect(await notesOf(db.database)).toEqual([...acknowledged, 'room again'])
  expect(await findDamage(db.file)).toEqual({ problems: [], indexProblems: [] })
})

test('with every file descriptor used up, databases that are open are read and written, and others open once there is one again', async () => {
  using home = temporaryHome()
  await using child = startChild('few-descriptors', [home.path], { under: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] })
  expect(await child.ended).toBe(0)
  expect(child.lines).toEqual(['exhausted EMFILE', 'open: 51 notes', 'other: IO', 'other afterwards: 1 note'])
})

/** What the traced process did, in order: wrote to the log, synced the log, said that something is on disk. */
function eventsOf(trace: string, file: string): readonly string[] {
  const lines = readFileSync(trace, 'utf8').split('\n')
  return lines.flatMap((line) => {
    if (line.includes('"acked ')) return ['acked']
    if (!line.includes(`<${file}-wal>`)) return []
    return [/\bf(data)?sync\(/.test(line) ? 'sync' : 'log']
  })
}

function canMountTmpfs(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  using home = temporaryHome()
  try {
    using _ = mountTmpfs(home.file('try'), '1m')
    return true
  } catch {
    return false
  }
}

function mountTmpfs(path: string, size: string): Disposable & { readonly path: string } {
  mkdirSync(path)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' })
  return { path, [Symbol.dispose]: () => void execFileSync('umount', [path]) }
}
