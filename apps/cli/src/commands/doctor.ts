import { messageOf } from '@talaria/core'
import { deepHealthSchema, type DeepHealth } from '@talaria/core/contracts'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { runningClients } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

/** `talaria doctor`: every check of every running service. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Try everything that the services need, and say what is wrong. Asks the running services; exits with 1 when something failed.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      for (const client of await runningClients(await readConfig())) {
        try {
          const health = await client.ask('GET', '/health/deep', deepHealthSchema)
          if (health.status === 'failed') process.exitCode = 1
          if (options.json) printJson(health)
          else print(health)
        } catch (error) {
          console.error(messageOf(error))
          process.exitCode = 1
        }
      }
    })
}

function print({ service, version, status, checks, eventLoopDelay }: DeepHealth): void {
  const { p50Ms, p99Ms, maxMs } = eventLoopDelay
  console.log(`${service} ${version}: ${status}\n`)
  console.log(
    table(
      ['CHECK', 'STATUS', 'MS', 'DETAIL'],
      checks.map((check) => [check.name, check.status, String(check.ms), check.detail ?? '']),
    ),
  )
  console.log(`\nThe event loop was late by ${p50Ms} ms (half the time), ${p99Ms} ms (99 %), ${maxMs} ms at most.`)
}
