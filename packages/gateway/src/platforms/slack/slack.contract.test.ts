import { platformContract } from '../../../test/platform-contract.ts'
import { startSlackRemote } from '../../../test/servers/slack-remote.ts'

// Loads the library, and what it opens once for the process, before anything is counted.
await import('./connect-slack.ts')

platformContract('Slack, by socket mode', () => startSlackRemote('socket'))
platformContract('Slack, by signed requests', () => startSlackRemote('http'), {
  loses: 'each delivery has a connection of its own, and there is none to lose in between',
})
