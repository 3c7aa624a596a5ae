import { findingsTable, machineLine } from '../report.ts'
import { plot } from '../plot.ts'
import type { ChatSoakOptions, ChatSoakOutcome } from './run-chat-soak.ts'

type Asked = Pick<ChatSoakOptions, 'minutes' | 'kills' | 'seed' | 'rate'>

/** What a soak of chats saw, as Markdown. */
export function chatSoakReport({ minutes, kills, seed, rate }: Asked, { said, faults, chats, samples, findings }: ChatSoakOutcome): string {
  const all = [...faults.values()].reduce((sum, count) => sum + count, 0)
  return `# Soak of chats, ${new Date().toISOString().slice(0, 10)}

\`pnpm soak --chats --minutes ${minutes} --kills ${kills} --seed ${seed} --rate ${rate}\` on ${machineLine()}:
${said} messages on eight platforms, ${all} faults of their services, ${kills} times \`kill -9\`.

${findingsTable(findings)}

## What went wrong on purpose

${[...faults]
  .toSorted(([a], [b]) => a.localeCompare(b))
  .map(([name, count]) => `${name} × ${count}`)
  .join(', ')}.

## The last gateway over time

\`\`\`
databases        ${plot(
    samples.map(({ open }) => open.database),
    'open',
  )}
sockets          ${plot(
    samples.map(({ open }) => open.socket),
    'open',
  )}
memory           ${plot(
    samples.map(({ rssMb }) => rssMb),
    'MB',
  )}
loop delay p99   ${plot(
    samples.map(({ loopDelayP99Ms }) => loopDelayP99Ms),
    'ms',
  )}
\`\`\`
${chats.faults.length > 0 ? `\n## Faults of the gateway\n\n${chats.faults.map((fault) => `- ${fault}`).join('\n')}\n` : ''}`
}
