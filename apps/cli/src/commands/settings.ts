import { describeSettings } from '@talaria/core/config'
import type { Command } from 'commander'
import { everySetting } from '../every-setting.ts'
import { printJson } from '../print-json.ts'

/** `talaria settings`: everything that can be set. */
export function addSettings(program: Command): void {
  program
    .command('settings')
    .description('List everything that can be set: in the environment, in .env or in config.yaml of TALARIA_HOME. Asks nobody.')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => {
      const rows = describeSettings(everySetting)
      if (options.json) return printJson(rows)
      for (const { env, file, help, expected, fallback } of rows) {
        console.log(
          `${env}${file ? `  (config.yaml: ${file})` : ''}\n    ${help}\n    ${expected}; ${fallback === undefined ? 'no default' : `default ${fallback}`}\n`,
        )
      }
    })
}
