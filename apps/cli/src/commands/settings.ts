import { describeSettings } from '@talaria/core/config'
import { gatewaySettings } from '@talaria/gateway'
import type { Command } from 'commander'

/** `talaria settings`: everything that can be set. */
export function addSettings(program: Command): void {
  program
    .command('settings')
    .description('List everything that can be set: in the environment, in .env or in config.yaml of TALARIA_HOME.')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const rows = describeSettings(gatewaySettings)
      if (options.json) return console.log(JSON.stringify(rows, null, 2))
      for (const row of rows) console.log(`${row.env}${row.file ? `  (config.yaml: ${row.file})` : ''}\n    ${row.help}\n    ${row.expected}; ${row.fallback === undefined ? 'no default' : `default ${row.fallback}`}\n`)
    })
}
