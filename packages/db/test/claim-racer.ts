/**
 * A process that claims and completes tasks of a test board until there is nothing to claim, and prints `completed
 * <number>` for each. Arguments: `gateway.db` of the home, the file that tells it to begin, and the number of tasks that
 * it has under way at once.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@talaria/core'
import { openTestDatabases } from '../src/testing/open-test-databases.ts'

const [file = '', startFile = '', inFlight = '1', cap] = process.argv.slice(2)
await using test = openTestDatabases({ file })
const { claims } = test.databases.board('b')
process.stdout.write('ready\n')
while (!existsSync(startFile)) await sleep(1)

async function work(): Promise<void> {
  for (;;) {
    const claimed = await claims.claimNext({
      dispatcher: `d${process.pid}`,
      host: 'here',
      now: systemClock.now(),
      leaseMs: 60_000,
      caps: cap === undefined ? {} : { board: Number(cap) },
      executorOf: () => 'twin',
      tokenHash: 'x',
    })
    if (claimed) {
      await claims.complete(claimed.claim, { summary: 'done' })
      process.stdout.write(`completed ${claimed.task.number}\n`)
    } else if ((await claims.candidates({ states: ['ready'], now: systemClock.now(), limit: 1 })).length === 0) return
    else await sleep(1)
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, work))
