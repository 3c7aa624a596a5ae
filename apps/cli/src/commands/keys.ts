import { Option, type Command } from 'commander'
import { z } from 'zod'
import { gatewayClient } from '../services.ts'
import { age, table } from '../table.ts'

const Key = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  service: z.boolean(),
  created_at: z.number(),
  last_used_at: z.number().nullable(),
  revoked_at: z.number().nullable(),
})
const NewKey = Key.extend({ key: z.string() })
const Keys = z.object({ data: z.array(Key) })

/** `talaria keys`: named keys of the HTTP API. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('Make, list and revoke named keys of the HTTP API. Asks the running gateway.')
  keys
    .command('create')
    .description('Make a key, and print it: it is shown this once.')
    .argument('<name>', 'what to call it')
    .addOption(new Option('--scope <scope...>', 'what it may do').choices(['read', 'chat', 'admin']).default(['chat', 'read']))
    .option('--service', 'may say for which user it acts (X-Talaria-User)')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { scope: string[]; service?: boolean; json?: boolean }) => {
      const key = await (await gatewayClient()).ask('POST', '/api/keys', NewKey, { name, scopes: options.scope, service: options.service ?? false })
      if (options.json) return console.log(JSON.stringify(key, null, 2))
      console.error(`Key '${key.name}' may ${key.scopes.join(', ')}. It is shown this once:`)
      console.log(key.key)
    })
  keys
    .command('list')
    .description('List the keys, revoked ones included.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { data } = await (await gatewayClient()).ask('GET', '/api/keys', Keys)
      if (options.json) return console.log(JSON.stringify(data, null, 2))
      const now = Date.now()
      const ago = (seconds: number | null) => (seconds === null ? 'never' : `${age(seconds * 1000, now)} ago`)
      const rows = data.map((key) => [key.name, key.scopes.join(','), key.service ? 'yes' : '', ago(key.created_at), ago(key.last_used_at), key.revoked_at === null ? 'in use' : `revoked ${ago(key.revoked_at)}`])
      console.log(table(['NAME', 'SCOPES', 'SERVICE', 'MADE', 'LAST USED', 'STATE'], rows))
    })
  keys
    .command('revoke')
    .description('End a key, at once and for good.')
    .argument('<name>', 'its name or id')
    .action(async (name: string) => {
      await (await gatewayClient()).request('DELETE', `/api/keys/${encodeURIComponent(name)}`)
      console.log(`Key '${name}' is revoked.`)
    })
}
