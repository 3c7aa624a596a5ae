import { platformContract } from '../../../test/platform-contract.ts'
import { startFeishuRemote } from '../../../test/servers/feishu-remote.ts'

// Loads the library, and what it opens once for the process, before anything is counted.
await import('./connect-feishu.ts')

platformContract('Feishu, by a long connection', () => startFeishuRemote('websocket'))
platformContract('Feishu, delivering', () => startFeishuRemote('webhook'), {
  loses: 'each delivery has a connection of its own, and there is none to lose in between',
})
