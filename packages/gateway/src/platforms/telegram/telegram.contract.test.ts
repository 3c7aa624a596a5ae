import { platformContract } from '../../../test/platform-contract.ts'
import { startTelegramRemote } from '../../../test/servers/telegram-remote.ts'

// Loads the library, and what it opens once for the process, before anything is counted.
await import('./connect-telegram.ts')

platformContract('Telegram, asked', () => startTelegramRemote('polling'))
platformContract('Telegram, delivering', () => startTelegramRemote('webhook'), {
  loses: 'each delivery has a connection of its own, and there is none to lose in between',
})
