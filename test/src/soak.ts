import { soakChats } from './soak/chats/soak-chats.ts'
import { soakRequests } from './soak/soak-requests.ts'
import { parseSoakOptions, SOAK_USAGE } from './soak/soak-options.ts'

// `pnpm soak`: a gateway under load for as long as one likes, and whether it wears out or loses anything.

const asked = parseSoakOptions(process.argv.slice(2))
if (typeof asked === 'string') {
  console.error(`${asked}\n\n${SOAK_USAGE}`)
  process.exitCode = 2
} else if (asked.help) console.log(SOAK_USAGE)
else process.exitCode = (await (asked.chats ? soakChats(asked) : soakRequests(asked))) ? 0 : 1
