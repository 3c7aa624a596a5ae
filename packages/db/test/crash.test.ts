import { expect, test } from 'vitest'
import { findDamage } from '../src/integrity.ts'
import { checkForLeaks } from '../src/testing/check-for-leaks.ts'
import { notesOf } from '../src/testing/notes.ts'
import { openTestDatabase } from '../src/testing/open-test-database.ts'
import { openTestDatabases } from '../src/testing/open-test-databases.ts'
import { rowsOf } from '../src/testing/rows-of.ts'
import { startChild } from '../src/testing/start-child.ts'
import { temporaryHome } from '../src/testing/temporary-home.ts'

checkForLeaks()

const ROUNDS = process.env.TALARIA_TEST_FULL ? 200 : 10
const GATEWAY_ROUNDS = process.env.TALARIA_TEST_FULL ? 50 : 2
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
    const stored = new Set(notes)
    expect(acknowledged.filter((text) => !stored.has(text))).toEqual([])
    expect(stored.size).toBe(notes.length)
    expect(await findDamage(file)).toEqual({ problems: [], indexProblems: [] })
  },
  ROUNDS * 10_000,
)

test(
  `accepted turns, their events, their ends and the search index survive kill -9`,
  async () => {
    using home = temporaryHome()
    const file = home.file('gateway.db')
    const lines: string[] = []
    for (let round = 0; round < GATEWAY_ROUNDS; round++) {
      await using child = startChild('gateway-writer', [file, String(round)])
      await child.printed('settled')
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 300))
      child.kill('SIGKILL')
      await child.ended
      lines.push(...child.lines)
    }

    await using test = openTestDatabases({ file })
    const { turns, sessions, searchIndex } = test.databases.gateway
    expect(lines.length).toBeGreaterThan(GATEWAY_ROUNDS * 10)
    // The last that was said of each turn holds all that was said before.
    const said = new Map(lines.map((line) => [line.split(' ')[1]!, line]))
    for (const [id, line] of said) {
      const [what, , seq = what === 'settled' ? '10' : '0'] = line.split(' ')
      const turn = await turns.get(id, { all: true })
      const events = await turns.events(id, { after: 0, limit: 100 })
      expect({ line, isSettled: turn?.status === 'completed' || what !== 'settled' }).toEqual({ line, isSettled: true })
      expect({ line, events: events.map((event) => event.seq) }).toEqual({ line, events: Array.from({ length: events.length }, (_, i) => i + 1) })
      expect(events.length).toBeGreaterThanOrEqual(Number(seq))
    }
    await searchIndex.catchUp()
    const found = (await sessions.search({ all: true }, { query: 'needle', limit: 1_000_000 })).map((hit) => hit.message.id)
    const stored = rowsOf<{ id: string }>(file, 'select id from message order by position desc').map(({ id }) => id)
    expect(new Set(stored).size).toBe(stored.length)
    expect(found, 'each message is found, and found once').toEqual(stored)
    expect(await findDamage(file)).toEqual({ problems: [], indexProblems: [] })
  },
  GATEWAY_ROUNDS * 10_000,
)
