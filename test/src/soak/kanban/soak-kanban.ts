import { systemClock as clock } from '@talaria/core'
import { sayFindings } from '../say-findings.ts'
import type { KanbanSoakCommand } from '../soak-options.ts'
import { writeReport } from '../write-report.ts'
import { runKanbanSoak } from './run-kanban-soak.ts'

/** A board whose dispatchers and workers are killed; prints what was found, and resolves with whether all holds. */
export async function soakKanban({ minutes, kills, seed: asked, rate, report: isReportWanted }: KanbanSoakCommand): Promise<boolean> {
  const seed = asked || Math.floor(Math.random() * 2 ** 31)
  console.log(`Two dispatchers for ${minutes} minutes, ${rate} tasks a second, ${kills} blows, seed ${seed}.`)
  const isShown = process.stderr.isTTY
  const outcome = await runKanbanSoak({ minutes, kills, seed, rate, clock, onLine: (line) => isShown && process.stderr.write(`\r\u001b[K${line}`) })
  if (isShown) process.stderr.write('\r\u001b[K')
  const { tasks, attempts, killed, findings } = outcome
  const report = `# Soak of the board, ${new Date().toISOString().slice(0, 10)}

\`pnpm soak --kanban --minutes ${minutes} --kills ${kills} --rate ${rate} --seed ${seed}\` on this machine: ${tasks} tasks, ${attempts} attempts; ${killed.dispatchers} times
\`kill -9\` of a dispatcher and ${killed.workers} times of a worker, ${killed.stopped} times a worker was stopped past its lease and went on.

| holds | finding | detail |
| --- | --- | --- |
${findings.map(({ holds, what, detail }) => `| ${holds ? 'yes' : 'no'} | ${what} | ${detail} |`).join('\n')}
`
  console.log(report)
  if (isReportWanted) writeReport('soak-kanban', report)
  return sayFindings(findings)
}
