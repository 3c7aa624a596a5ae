import { silentLog } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { DatabaseError, type Inbound } from '@talaria/db'
import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { ChatQueue } from './chat-queue.ts'

checkForLeaks()

const address = { platform: 'twin', account: 'twin-bot', chatId: 'chat-1', threadId: '' }

async function answerLosing(lose: (rows: readonly Inbound[], stores: ReturnType<typeof openTestDatabases>['databases']['gateway']) => Promise<void>) {
  await using test = openTestDatabases()
  const stores = test.databases.gateway
  const clock = new FakeClock()
  const body = { address, kind: 'direct', messageId: 'm1', sender: { id: 'p' }, text: 'hello', attachments: [], mentionsUs: true, sentAt: 0 }
  await stores.inbound.accept({ id: 'in_1', address, messageId: 'm1', sessionKey: 'key', sender: { id: 'p' }, body, mode: 'queue' })
  const givenUp: string[] = []
  const over = Promise.withResolvers<void>()
  await using queue = new ChatQueue({
    stores,
    turns: { steer: () => false, stop: () => false },
    runner: { id: 'runner_1' },
    async answer(rows) {
      await lose(rows, stores)
      over.resolve()
      throw new DatabaseError('CLAIM_LOST', 'Another process took these messages over.')
    },
    async giveUp(rows) {
      givenUp.push(...rows.map(({ id }) => id))
      await stores.inbound.finish(
        rows.map(({ id }) => id),
        { state: 'discarded', reason: 'unanswerable' },
      )
    },
    isPaused: async () => false,
    maxLength: () => Infinity,
    clock,
    log: silentLog,
  })
  queue.wake('key')
  await over.promise
  await expect.poll(() => queue.active).toBe(0)
  return givenUp
}

test('messages that another gateway took over are left to it', async () => {
  const taken = await answerLosing(async (_, { inbound }) => {
    await inbound.adopt('runner_1', 'runner_2')
    await inbound.take('key', 'runner_2', 1)
  })
  expect(taken).toEqual([])
})

test('messages that were said to be taken over, and that nobody has, are given up with a word', async () => {
  expect(await answerLosing(async () => {})).toEqual(['in_1'])
})
