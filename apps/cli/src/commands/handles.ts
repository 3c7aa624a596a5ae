import { messageOf, systemClock as clock } from '@talaria/core'
import { handlesReportSchema, type HandlesReport } from '@talaria/core/contracts'
import type { Command } from 'commander'
import { age } from '../age.ts'
import { readConfig } from '../config.ts'
import { runningClients } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

/** `talaria handles`: who holds each open file, in every running service. */
export function addHandles(program: Command): void {
  program
    .command('handles')
    .description('Show who holds each open file, in every running service. Asks the running services; exits with 1 when one cannot be asked.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const reports: HandlesReport[] = []
      for (const client of await runningClients(await readConfig())) {
        try {
          reports.push(await client.ask('GET', '/handles', handlesReportSchema))
        } catch (error) {
          console.error(messageOf(error))
          process.exitCode = 1
        }
      }
      if (options.json) printJson(reports)
      else for (const report of reports) print(report)
    })
}

function print({ service, pid, handles, expectedDatabaseDescriptors, descriptors }: HandlesReport): void {
  const { used, limit, classes, level } = descriptors
  const now = clock.now()
  console.log(`${service} (process ${pid}): ${used ?? 'an unknown number of'} files open of ${limit ?? 'any number'} allowed, ${level}`)
  console.log(`${classes?.database ?? 'An unknown number'} of them databases, at most ${expectedDatabaseDescriptors} expected\n`)
  const rows = handles.map((handle) => [
    handle.file,
    handle.role,
    age(handle.openedAt, now),
    String(handle.leases.length),
    handle.leases[0]?.where.split('\n')[0] ?? '',
  ])
  console.log(table(['DATABASE', 'ROLE', 'OPEN FOR', 'LEASES', 'TAKEN'], rows))
  if (!classes) return
  const others = Object.entries(classes).filter(([name]) => name !== 'database')
  console.log(
    `\n${table(
      ['OTHER CLASS', 'OPEN'],
      others.map(([name, count]) => [name, String(count)]),
    )}`,
  )
}
