import { messageOf } from '@talaria/core'
import { deepHealthSchema } from '@talaria/core/contracts'
import type { Command } from 'commander'
import { serviceClients } from '../services.ts'
import { table } from '../table.ts'

/** `talaria doctor`: every check of every running service. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('Try everything that the services need, and say what is wrong. Asks the running services; exits with 1 when something failed.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      for (const client of await serviceClients()) {
        try {
          const health = await client.ask('GET', '/health/deep', deepHealthSchema)
          if (health.status === 'failed') process.exitCode = 1
          if (options.json) console.log(JSON.stringify(health, null, 2))
          else {
            console.log(`${health.service} ${health.version}: ${health.status}\n`)
            console.log(table(['CHECK', 'STATUS', 'MS', 'DETAIL'], health.checks.map((check) => [check.name, check.status, String(check.ms), check.detail ?? ''])))
            const { p50Ms, p99Ms, maxMs } = health.eventLoopDelay
            console.log(`\nThe event loop was late by ${p50Ms} ms (half the time), ${p99Ms} ms (99 %), ${maxMs} ms at most.`)
          }
        } catch (error) {
          console.error(messageOf(error))
          process.exitCode = 1
        }
      }
    })
}
