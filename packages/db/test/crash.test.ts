import { expect, test } from 'vitest'
import { findDamage } from '../src/integrity.ts'
import { checkForLeaks } from '../src/testing/check-for-leaks.ts'
import { notesOf } from '../src/testing/notes.ts'
import { openTestDatabase } from '../src/testing/open-test-database.ts'
import { startChild } from '../src/testing/start-child.ts'
import { temporaryHome } from '../src/testing/temporary-home.ts'

checkForLeaks()

const ROUNDS = process.env.TALARIA_TEST_FULL ? 200 : 10
/** Two at a time, so that one dies while another writes. */
const LANES = 2

test(
  `what was acknowledged survives ${ROUNDS} times kill -9 at a random moment, and nothing is there twice or half`,
  async () => {
    using home = temporaryHome()
    const file = home.file('test.db')
    const acknowledged: string[] = []
    let next = 0

    const lane = async () => {
      while (next < ROUNDS) {
        const options = { name: `round-${next++}`, count: 1_000_000, concurrency: 16 }
        await using child = startChild('writer', [file, JSON.stringify(options)])
        await child.printed('acked')
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100))
        child.kill('SIGKILL')
        expect(await child.ended).toBe('SIGKILL')
        expect(child.lines.filter((line) => line.startsWith('failed'))).toEqual([])
        acknowledged.push(...child.lines.filter((line) => line.startsWith('acked ')).map((line) => line.slice('acked '.length)))
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))

    await using db = openTestDatabase({ file })
    const notes = await notesOf(db.database)
    expect(acknowledged.length).toBeGreaterThan(ROUNDS)
    expect(acknowledged.filter((text) => !new Set(notes).has(text))).toEqual([])
    expect(new Set(notes).size).toBe(notes.length)
    expect(await findDamage(file)).toEqual({ problems: [], indexProblems: [] })
  },
  ROUNDS * 10_000,
)
