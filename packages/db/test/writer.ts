/**
 * A process that writes notes into a test database and prints, for each, `acked <text>` once it is on disk or
 * `failed <code> <text>`. Arguments: the file, and options as JSON.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '@talaria/core'
import { openTestDatabase } from '../src/testing/open-test-database.ts'

interface Options {
  readonly name: string
  readonly count: number
  /** Writes under way at once. */
  readonly concurrency?: number
  readonly pauseMs?: number
  /** It prints `ready` and begins as soon as this file exists, for processes that are to begin together. */
  readonly startFile?: string
  readonly lockBudgetMs?: number
}

const [file = '', json = '{}'] = process.argv.slice(2)
const { name, count, concurrency = 1, pauseMs = 0, startFile, lockBudgetMs } = JSON.parse(json) as Options

process.stdout.write('ready\n')
while (startFile !== undefined && !existsSync(startFile)) await sleep(1)
await using db = openTestDatabase({ file, ...(lockBudgetMs !== undefined && { lockBudgetMs }) })
let next = 0

async function work(): Promise<void> {
  while (next < count) {
    const text = `${name}-${next++}`
    try {
      await db.database.write((tx) => tx.insertInto('note').values({ text, parent: null }).execute())
      process.stdout.write(`acked ${text}\n`)
    } catch (error) {
      process.stdout.write(`failed ${codeOf(error) ?? String(error)} ${text}\n`)
    }
    if (pauseMs > 0) await sleep(pauseMs)
  }
}

await Promise.all(Array.from({ length: concurrency }, work))
