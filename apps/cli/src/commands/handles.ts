import { handlesReportSchema, type HandlesReport } from '@talaria/core/contracts'
import { messageOf } from '@talaria/core'
import type { Command } from 'commander'
import { serviceClients } from '../services.ts'
import { age, table } from '../table.ts'

/** `talaria handles`: who holds each open file, in every running service. */
export function addHandles(program: Command): void {
  program
    .command('handles')
    .description('Show who holds each open file, in every running service. Asks the running services.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const reports: HandlesReport[] = []
      const problems: string[] = []
      for (const client of await serviceClients()) {
        await client.ask('GET', '/handles', handlesReportSchema).then(
          (report) => reports.push(report),
          (error: unknown) => problems.push(messageOf(error)),
        )
      }
      if (options.json) console.log(JSON.stringify(reports, null, 2))
      else for (const report of reports) print(report)
      for (const problem of problems) console.error(problem)
      if (problems.length > 0) process.exitCode = 1
    })
}

function print({ service, pid, handles, expectedDatabaseDescriptors, descriptors }: HandlesReport): void {
  const { used, limit, classes, level } = descriptors
  const now = Date.now()
  console.log(`${service} (process ${pid}): ${used ?? 'an unknown number of'} files open of ${limit ?? 'any number'} allowed, ${level}; ${classes?.database ?? '?'} of them databases, at most ${expectedDatabaseDescriptors} expected\n`)
  const rows = handles.map((handle) => [handle.file, handle.role, age(handle.openedAt, now), String(handle.leases.length), handle.leases[0]?.where.split('\n')[0] ?? ''])
  console.log(table(['DATABASE', 'ROLE', 'OPEN FOR', 'LEASES', 'TAKEN'], rows))
  if (!classes) return
  const others = Object.entries(classes).filter(([name]) => name !== 'database')
  console.log(`\n${table(['OTHER CLASS', 'OPEN'], others.map(([name, count]) => [name, String(count)]))}\n`)
}
