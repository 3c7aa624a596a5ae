import { expect, test } from 'vitest'
import { chatAt, inboundNamed, outboundNamed } from '../../testing/chat-records.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { acceptance, settlement } from '../../testing/gateway-records.ts'
import { openTestDatabases } from '../../testing/open-test-databases.ts'
import { plansOf } from '../../testing/plans-of.ts'
import type { GatewayStores } from '../stores.ts'

checkForLeaks()

const failure = { code: 'network', error: 'nobody there' }

/** What every message does, and what a loop does. After months there are millions of rows; those that are open are few. */
const deeds: Readonly<Record<string, (stores: GatewayStores) => Promise<unknown>>> = {
  'hearing a chat': ({ chats }) => chats.seen(chatAt('new'), { kind: 'group' }),
  'finding a session': ({ routes }) => routes.find('key'),
  'finding the chats of a session': ({ routes }) => routes.ofSession('ses_1'),
  'accepting a message': ({ inbound }) => inbound.accept(inboundNamed('in_new')),
  'accepting a duplicate': ({ inbound }) => inbound.accept(inboundNamed('in_again', { messageId: 'in_1' })),
  'looking at a queue': ({ inbound }) => Promise.all([inbound.waiting('key'), inbound.count('key')]),
  'taking a message': ({ inbound }) => inbound.take('key', 'runner_1', 5),
  'finishing messages': ({ inbound }) => inbound.finish(['in_1', 'in_2'], { state: 'done' }),
  'adopting messages': ({ inbound }) => inbound.adopt('dead', 'runner_1'),
  'asking what is due': ({ outbound }) => outbound.nextDueAt('telegram'),
  'asking what is to be sent to a place': ({ outbound }) => outbound.hasUnsent(chatAt('chat')),
  'claiming what is due': ({ outbound }) => outbound.claimDue('telegram', 'runner_1', 10),
  'saying that it was sent': async ({ outbound }) => {
    await outbound.claimDue('telegram', 'runner_1', 1)
    expect(await outbound.sent('out_1', 'runner_1', { messageId: '1' })).toBe(true)
  },
  'trying again': ({ outbound }) => outbound.retry('out_1', 'runner_1', { ...failure, at: 5 }),
  'giving up': ({ outbound }) => outbound.dead('out_1', 'runner_1', failure),
  'adopting what was being sent': ({ outbound }) => outbound.adopt('dead', 'runner_1'),
  'listing dead letters': ({ outbound }) => outbound.list({ state: 'dead', platform: 'telegram', limit: 10 }),
  'parking a chat': ({ chats }) => chats.park(chatAt('chat'), 'forbidden', 'blocked'),
  'healing a chat': async ({ chats }) => {
    await chats.park(chatAt('chat'), 'forbidden', 'blocked')
    expect(await chats.heal(chatAt('chat'))).toBe(true)
  },
  'asking who is paired': ({ pairing }) => pairing.isPaired('telegram', 'ada'),
  'settling a turn with its answer': async ({ inbound, turns }) => {
    await inbound.take('key', 'runner_1', 1)
    await turns.accept(acceptance('run_1', { inbound: ['in_1'] }))
    await turns.settle('run_1', 'runner_1', settlement('noon', { inbound: ['in_1'], outbound: [outboundNamed('out_new')] }))
  },
}

test.for(Object.entries(deeds))('%s looks at no more rows than it needs', async ([name, deed]) => {
  await using test = openTestDatabases()
  const stores = test.databases.gateway
  await stores.inbound.accept(inboundNamed('in_1'))
  await stores.outbound.add([outboundNamed('out_1'), outboundNamed('out_2')])
  const plans = await plansOf(test.file, () => deed(stores))
  expect(plans.filter((step) => /^SCAN (?!json_each|CONSTANT ROW)|TEMP B-TREE/.test(step))).toEqual([])
  // Whatever a process has at the moment is of interest only when it has died.
  if (!name.startsWith('adopting')) expect(plans.filter((step) => step.includes('(runner=?)'))).toEqual([])
})
