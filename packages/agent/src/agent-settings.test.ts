import { expect, test } from 'vitest'
import { parseAgentSettings, type AgentSettingsInput } from './agent-settings.ts'

const parsing = (input: unknown) => () => parseAgentSettings(input as AgentSettingsInput)

test('without any settings the scripted model answers', () => {
  expect(parseAgentSettings({})).toMatchObject({ model: 'scripted', maxAttempts: 3, approvals: 'never', timeouts: { connectMs: 10_000 } })
})

test('a model that is neither an alias nor a target is refused by name', () => {
  expect(parsing({ model: 'gpt-5' })).toThrow(/model: 'gpt-5' is neither an alias nor a target/)
  expect(parseAgentSettings({ model: 'fast', aliases: { fast: 'openai/gpt-5-mini' } }).model).toBe('fast')
})

test('an alias or fall-back of a provider that does not exist is refused, and the error says where', () => {
  expect(parsing({ aliases: { fast: 'acme/turbo' } })).toThrow(/aliases\.fast/)
  expect(parsing({ fallbacks: ['openai/gpt-5', 'turbo'] })).toThrow(/fallbacks\.1/)
})

test('a setting that does not exist is refused', () => {
  expect(parsing({ maxRetries: 3 })).toThrow(/maxRetries/)
})

test('a bad setting beside a key does not repeat the key', () => {
  expect(parsing({ providers: { openai: { apiKey: 'very-secret-key', baseUrl: 'not a url' } } })).toThrow(
    expect.objectContaining({ code: 'invalid_settings', message: expect.not.stringContaining('very-secret') }),
  )
})
