import { reloadReportSchema } from '@talaria/core/contracts'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { gatewayClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'

/** `talaria reload`: has the running gateway read its settings again. */
export function addReload(program: Command): void {
  program
    .command('reload')
    .description('Have the gateway read config.yaml and .env again. Asks the running gateway.')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const report = await gatewayClient(await readConfig()).ask('POST', '/api/reload', reloadReportSchema)
      if (json) return printJson(report)
      const { changed, reconnecting, needsRestart } = report
      console.log(changed.length === 0 ? 'No setting that can change now has changed.' : `Changed: ${changed.join(', ')}`)
      if (reconnecting.length > 0) console.log(`Connecting anew: ${reconnecting.join(', ')}`)
      if (needsRestart.length > 0) console.log(`Only in force after a restart: ${needsRestart.join(', ')}`)
    })
}
