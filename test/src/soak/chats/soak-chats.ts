import { systemClock as clock } from '@talaria/core'
import { sayFindings } from '../say-findings.ts'
import type { ChatSoakCommand } from '../soak-options.ts'
import { writeReport } from '../write-report.ts'
import { chatSoakReport } from './chat-soak-report.ts'
import { runChatSoak } from './run-chat-soak.ts'

/** A gateway on all platforms that is killed while they fail; prints what was found, and resolves with whether all holds. */
export async function soakChats({ minutes, kills, seed: asked, rate, report: isReportWanted }: ChatSoakCommand): Promise<boolean> {
  const seed = asked || Math.floor(Math.random() * 2 ** 31)
  console.log(`A gateway on all platforms for ${minutes} minutes, killed ${kills} times, ${rate} messages a second, seed ${seed}.`)
  const isShown = process.stderr.isTTY
  const outcome = await runChatSoak({ minutes, kills, seed, rate, clock, onLine: (line) => isShown && process.stderr.write(`\r\u001b[K${line}`) })
  if (isShown) process.stderr.write('\r\u001b[K')
  const report = chatSoakReport({ minutes, kills, seed, rate }, outcome)
  console.log(report)
  if (isReportWanted) writeReport('soak-chats', report)
  return sayFindings(outcome.findings)
}
