import { systemClock as clock } from '@talaria/core'
import { Option, type Command } from 'commander'
import { z } from 'zod'
import { age } from '../age.ts'
import { readConfig } from '../config.ts'
import { gatewayClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

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
  addCreate(keys)
  addList(keys)
  addRevoke(keys)
}

function addCreate(keys: Command): void {
  keys
    .command('create')
    .description('Make a key, and print it: it is shown this once.')
    .argument('<name>', 'what to call it')
    .addOption(new Option('--scope <scope...>', 'what it may do').choices(['read', 'chat', 'admin']).default(['chat', 'read']))
    .option('--service', 'may say for which user it acts (X-Talaria-User)')
    .option('--json', 'print JSON')
    .action(async (name: string, { scope, service = false, json }: { scope: string[]; service?: boolean; json?: boolean }) => {
      const client = gatewayClient(await readConfig())
      const key = await client.ask('POST', '/api/keys', NewKey, { name, scopes: scope, service })
      if (json) return printJson(key)
      // The key alone on standard output, for whoever puts it into a file.
      console.error(`Key '${key.name}' may ${key.scopes.join(', ')}. It is shown this once:`)
      console.log(key.key)
    })
}

function addList(keys: Command): void {
  keys
    .command('list')
    .description('List the keys, revoked ones included.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { data } = await gatewayClient(await readConfig()).ask('GET', '/api/keys', Keys)
      if (options.json) return printJson(data)
      const now = clock.now()
      const ago = (seconds: number | null) => (seconds === null ? 'never' : `${age(seconds * 1000, now)} ago`)
      const state = (revokedAt: number | null) => (revokedAt === null ? 'in use' : `revoked ${ago(revokedAt)}`)
      const rows = data.map((key) => [
        key.name,
        key.scopes.join(','),
        key.service ? 'yes' : '',
        ago(key.created_at),
        ago(key.last_used_at),
        state(key.revoked_at),
      ])
      console.log(table(['NAME', 'SCOPES', 'SERVICE', 'MADE', 'LAST USED', 'STATE'], rows))
    })
}

function addRevoke(keys: Command): void {
  keys
    .command('revoke')
    .description('End a key, at once and for good.')
    .argument('<name>', 'its name or id')
    .action(async (name: string) => {
      await gatewayClient(await readConfig()).request('DELETE', `/api/keys/${encodeURIComponent(name)}`)
      console.log(`Key '${name}' is revoked.`)
    })
}
