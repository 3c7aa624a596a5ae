import { systemClock as clock } from '@talaria/core'
import type { Command } from 'commander'
import { z } from 'zod'
import { age } from '../age.ts'
import { readConfig } from '../config.ts'
import { gatewayClient } from '../gateway-client.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

const Person = z.object({ platform: z.string(), user_id: z.string(), user_name: z.string().nullable() })
const User = Person.extend({ paired_at: z.number() })
const Pairing = z.object({ pending: z.array(Person.extend({ requested_at: z.number(), expires_at: z.number() })), users: z.array(User) })

/** `talaria pairing`: who may talk to the agent because you say so. */
export function addPairing(program: Command): void {
  const pairing = program
    .command('pairing')
    .description('Say who may talk to the agent on chat platforms, by the code that they were shown. Asks the running gateway.')
  addList(pairing)
  addApprove(pairing)
  addRevoke(pairing)
}

function addList(pairing: Command): void {
  pairing
    .command('list')
    .description('List who asks to be paired, and who is.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { pending, users } = await gatewayClient(await readConfig()).ask('GET', '/api/pairing', Pairing)
      if (options.json) return printJson({ pending, users })
      const now = clock.now()
      const ago = (seconds: number) => `${age(seconds * 1000, now)} ago`
      const row = ({ platform, user_id, user_name }: z.infer<typeof Person>, state: string) => [platform, user_id, user_name ?? '', state]
      const rows = [...pending.map((one) => row(one, `asked ${ago(one.requested_at)}`)), ...users.map((one) => row(one, `paired ${ago(one.paired_at)}`))]
      console.log(table(['PLATFORM', 'USER', 'NAME', 'STATE'], rows))
    })
}

function addApprove(pairing: Command): void {
  pairing
    .command('approve')
    .description('Let whoever was shown this code talk to the agent.')
    .argument('<platform>', 'where they were shown it, such as telegram')
    .argument('<code>', 'the code')
    .action(async (platform: string, code: string) => {
      const user = await gatewayClient(await readConfig()).ask('POST', '/api/pairing/approve', User, { platform, code })
      console.log(`${user.user_name ?? user.user_id} (${user.user_id}) may talk to the agent on ${user.platform}.`)
    })
}

function addRevoke(pairing: Command): void {
  pairing
    .command('revoke')
    .description('Make somebody a stranger again.')
    .argument('<platform>', 'where')
    .argument('<user>', 'their id, as the list has it')
    .action(async (platform: string, user: string) => {
      await gatewayClient(await readConfig()).request('DELETE', `/api/pairing/${encodeURIComponent(platform)}/${encodeURIComponent(user)}`)
      console.log(`${user} is a stranger on ${platform} again.`)
    })
}
