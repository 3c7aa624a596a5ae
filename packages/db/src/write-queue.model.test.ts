import { sql } from 'kysely'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Database } from './database.ts'
import type { Transaction } from './scope.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { notesOf } from './testing/notes.ts'
import { openTestDatabase } from './testing/open-test-database.ts'
import type { TestTables } from './testing/test-schema.ts'

checkForLeaks()

const RUNS = process.env.TALARIA_TEST_FULL ? 2_000 : 100

type Tx = Transaction<TestTables>

/** What one write does, and whether it is to succeed, may fail with others, or must fail. */
const behaviours = {
  succeeds: async (tx: Tx, text: string) => insert(tx, text),
  succeedsSlowly: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await turn()
  },
  writesTwice: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await insert(tx, `${text}, again`)
  },
  catchesViolation: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await insert(tx, text).catch(() => {})
  },
  throwsAtOnce: async () => {
    throw new Error('at once')
  },
  throwsLate: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await turn()
    throw new Error('late')
  },
  violatesUnique: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await insert(tx, text)
  },
  violatesCheck: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await insert(tx, '')
  },
  violatesForeignKey: async (tx: Tx, text: string) => {
    await tx.insertInto('note').values({ text, parent: 1_000_000 }).execute()
  },
  fillsDisk: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await insert(tx, LARGE)
  },
  fillsDiskWithoutNoticing: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await insert(tx, LARGE).catch(() => {})
    await insert(tx, `${text}, after`).catch(() => {})
  },
  fillsDiskInOneStatementOnly: async (tx: Tx, text: string) => {
    await insert(tx, text)
    await sql`insert into note (text) select ${LARGE} || value from (values (1), (2), (3))`.execute(tx).catch(() => {})
  },
} satisfies Record<string, (tx: Tx, text: string) => Promise<unknown>>

type Behaviour = keyof typeof behaviours

/** What a write of each kind leaves behind when it is acknowledged. */
const rowsOf = (behaviour: Behaviour, text: string) => (behaviour === 'writesTwice' ? [text, `${text}, again`] : [text])

const mustFail = new Set<Behaviour>([
  'throwsAtOnce',
  'throwsLate',
  'violatesUnique',
  'violatesCheck',
  'violatesForeignKey',
  'fillsDisk',
  'fillsDiskWithoutNoticing',
])

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), behaviour: fc.constantFrom(...(Object.keys(behaviours) as Behaviour[])) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
)

test(
  'the table holds exactly the acknowledged writes, in the order of their acknowledgement, and every read sees those before it',
  { timeout: RUNS * 500 },
  async () => {
    await using db = openTestDatabase()
    await db.database.write((tx) => sql`pragma max_page_count = 60`.execute(tx))
    const seen = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        await db.database.write((tx) => tx.deleteFrom('note').execute())
        const acknowledged: string[] = []
        const reads: { readonly before: readonly string[]; readonly result: readonly string[] }[] = []
        const underWay: Promise<unknown>[] = []
        const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)

        for (const [index, step] of plan.entries()) {
          if (step.do === 'turn') await turn()
          if (step.do === 'settle') await Promise.all(underWay)
          if (step.do === 'read') {
            const before = [...acknowledged]
            underWay.push(notesOf(db.database).then((result) => reads.push({ before, result })))
          }
          if (step.do === 'write') {
            const text = `${index} ${step.behaviour}`
            const writing = db.database.write<unknown>((tx) => behaviours[step.behaviour](tx, text))
            underWay.push(
              writing.then(
                () => {
                  acknowledged.push(...rowsOf(step.behaviour, text))
                  count(mustFail.has(step.behaviour) ? `${step.behaviour} was acknowledged` : 'acknowledged')
                },
                (error: { code?: string }) => count(`${mustFail.has(step.behaviour) ? 'culprit' : 'neighbour'} ${error.code ?? 'threw'}`),
              ),
            )
          }
        }
        await Promise.all(underWay)

        const table = await notesOf(db.database)
        expect(table).toEqual(acknowledged)
        for (const { before, result } of reads) {
          expect(result.slice(0, before.length), 'a read misses what was acknowledged before it began').toEqual(before)
          expect(table.slice(0, result.length), 'a read sees what was never acknowledged').toEqual(result)
        }
        expect(await integrityOf(db.database)).toEqual(['ok'])
      }),
      { numRuns: RUNS },
    )
    expect([...seen.keys()].toSorted(), 'every way to end was taken').toEqual([
      'acknowledged',
      'culprit CONSTRAINT',
      'culprit DISK_FULL',
      'culprit threw',
      'neighbour DISK_FULL',
    ])
  },
)

const LARGE = 'large '.repeat(60_000)

function insert(tx: Tx, text: string) {
  return tx.insertInto('note').values({ text, parent: null }).execute()
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function integrityOf(database: Database<TestTables>): Promise<readonly string[]> {
  const { rows } = await database.read((db) => sql<{ quick_check: string }>`pragma quick_check`.execute(db as Tx))
  return rows.map((row) => row.quick_check)
}
