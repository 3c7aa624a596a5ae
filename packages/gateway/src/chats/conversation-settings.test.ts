import { loadSettings } from '@talaria/core/config'
import { expect, test } from 'vitest'
import { conversationSettings } from './conversation-settings.ts'

const load = (env: Record<string, string>) => loadSettings(conversationSettings, { env, home: '/nowhere' })

test('a platform may begin new conversations at other times than the rest', async () => {
  const settings = await load({ TALARIA_SESSION_RESET: 'idle:90', TALARIA_SESSION_RESET_ON: 'telegram=daily:4; slack=idle,daily:5' })
  expect(settings.sessionReset).toEqual({ idleMinutes: 90 })
  expect(settings.sessionResetOn).toEqual({ telegram: { dailyAtMinute: 240 }, slack: { idleMinutes: 1_440, dailyAtMinute: 300 } })
})

test('without a word, conversations go on for ever', async () => {
  expect(await load({})).toMatchObject({ sessionReset: {}, sessionResetOn: {}, groupSessions: 'per_user', threadSessions: 'shared' })
})

test.each(['weekly', 'idle:x', 'daily:25'])('%s is refused', async (policy) => {
  await expect(load({ TALARIA_SESSION_RESET: policy })).rejects.toThrow('TALARIA_SESSION_RESET')
  await expect(load({ TALARIA_SESSION_RESET_ON: `telegram=${policy}` })).rejects.toThrow('TALARIA_SESSION_RESET_ON')
})
