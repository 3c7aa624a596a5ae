import { soakChats } from './soak/chats/soak-chats.ts'
import { soakKanban } from './soak/kanban/soak-kanban.ts'
import { soakRequests } from './soak/soak-requests.ts'
import { parseSoakOptions, SOAK_USAGE } from './soak/soak-options.ts'

// `pnpm soak`: a gateway under load for as long as one likes, and whether it wears out or loses anything.

const asked = parseSoakOptions(process.argv.slice(2))
if (typeof asked === 'string') {
  console.error(`${asked}\n\n${SOAK_USAGE}`)
  process.exitCode = 2
} else if (asked.help) console.log(SOAK_USAGE)
else process.exitCode = (await soakOf(asked)) ? 0 : 1

function soakOf(options: Exclude<typeof asked, string>): Promise<boolean> {
  if (options.kind === 'chats') return soakChats(options)
  return options.kind === 'kanban' ? soakKanban(options) : soakRequests(options)
}
