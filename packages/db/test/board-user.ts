/**
 * A process that does random things to a test board, and prints `booked <cost>` in the end. Arguments: `gateway.db` of the
 * home, the file that tells it to begin, a seed, and how many things to do.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@talaria/core'
import { BOARD_OPERATIONS, boardUser, operate } from '../src/testing/board-operations.ts'
import { openTestDatabases } from '../src/testing/open-test-databases.ts'

const [file = '', startFile = '', seed = '1', steps = '1'] = process.argv.slice(2)
await using test = openTestDatabases({ file })
const user = boardUser(test.databases.board('b'), systemClock)
const often = [...BOARD_OPERATIONS, 'create', 'claimNext', 'claimNext', 'completeRun', 'link'] as const
process.stdout.write('ready\n')
while (!existsSync(startFile)) await sleep(1)

// Marsaglia's xorshift: the same seed, the same things in the same order.
let state = Number(seed) * 2_654_435_761
function random(): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return state >>> 0
}

for (let step = 0; step < Number(steps); step++) {
  await operate(user, { name: often[random() % often.length]!, a: random(), b: random(), c: random() })
}
process.stdout.write(`booked ${user.costMicros}\n`)
