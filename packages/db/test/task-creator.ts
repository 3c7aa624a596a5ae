/**
 * A process that makes tasks on board `b`, all of them with keys that other processes use as well. It prints `ready`,
 * begins as soon as the start file exists, and prints `made <key> <id>` or `found <key> <id>` for each. Arguments: the
 * gateway's file, the start file, how many keys.
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestDatabases } from '../src/testing/open-test-databases.ts'

const [file = '', startFile = '', keys = '0'] = process.argv.slice(2)
await using test = openTestDatabases({ file })
const { tasks } = test.databases.board('b')
process.stdout.write('ready\n')
while (!existsSync(startFile)) await sleep(1)
await Promise.all(
  Array.from({ length: Number(keys) }, async (_, i) => {
    const key = `key-${i}`
    const { task, created } = await tasks.create({ title: key, idempotencyKey: key }, 'cli')
    process.stdout.write(`${created ? 'made' : 'found'} ${key} ${task.id}\n`)
  }),
)
