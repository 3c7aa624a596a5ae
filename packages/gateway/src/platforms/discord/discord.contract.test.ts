import { platformContract } from '../../../test/platform-contract.ts'
import { startDiscordRemote } from '../../../test/servers/discord-remote.ts'

// Loads the library, and what it opens once for the process, before anything is counted.
await import('./connect-discord.ts')

platformContract('Discord', startDiscordRemote, {
  redelivers: 'the gateway sends nothing twice; the attempt ends and the next one fetches it, see discord.test.ts',
  loses: 'a connection that breaks is resumed within the attempt, see discord.test.ts',
})
