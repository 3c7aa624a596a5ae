import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentSettingsOf } from '@talaria/agent/settings'
import { ConfigError, loadSettings } from '@talaria/core/config'
import { expect, test } from 'vitest'
import { gatewaySettings } from './settings.ts'

const load = (env: Record<string, string> = {}) => loadSettings(gatewaySettings, { env, home: join(tmpdir(), 'a-home-that-is-not-there') })

test('without any setting a gateway has defaults, and no key', async () => {
  expect(await load()).toMatchObject({
    apiServerHost: '127.0.0.1',
    apiServerPort: 8642,
    apiServerEnabled: undefined,
    apiServerKey: undefined,
    corsOrigins: [],
    modelName: 'talaria',
    responsesKept: 30 * 86_400_000,
    sessionsKept: 'forever',
    shutdownGrace: 20_000,
    model: 'scripted',
    modelAliases: {},
    approvals: 'never',
  })
})

test('every wrong setting is named at once', async () => {
  const wrong = {
    API_SERVER_PORT: 'eighty',
    API_SERVER_ENABLED: 'perhaps',
    API_SERVER_MAX_CONCURRENT_RUNS: '-1',
    TALARIA_SHUTDOWN_GRACE: 'soon',
    TALARIA_RESPONSES_KEPT: 'always',
    TALARIA_INTEGRITY_CHECK_EVERY: 'sometimes',
    TALARIA_LOG_LEVEL: 'loud',
    TALARIA_MODEL_ALIASES: 'fast',
    TALARIA_APPROVALS: 'maybe',
    OPENAI_BASE_URL: 'not a url',
  }
  const error = await load(wrong).catch((problem: unknown) => problem)
  expect(error).toBeInstanceOf(ConfigError)
  for (const [name, value] of Object.entries(wrong)) {
    expect((error as ConfigError).message).toContain(name)
    expect((error as ConfigError).message).toContain(JSON.stringify(value))
  }
})

test('durations, lists and aliases are read as people write them', async () => {
  expect(
    await load({
      TALARIA_RESPONSES_KEPT: 'forever',
      TALARIA_RUNS_KEPT: '12h',
      API_SERVER_CORS_ORIGINS: 'https://a.example, https://b.example',
      TALARIA_MODEL_ALIASES: 'fast=openai/gpt-5-mini, local=openai-compatible/qwen3',
    }),
  ).toMatchObject({
    responsesKept: 'forever',
    runsKept: 12 * 3_600_000,
    corsOrigins: ['https://a.example', 'https://b.example'],
    modelAliases: { fast: 'openai/gpt-5-mini', local: 'openai-compatible/qwen3' },
  })
})

test('what is the agent’s of the settings is given to the agent', async () => {
  const settings = await load({
    TALARIA_MODEL: 'openai/gpt-5',
    OPENAI_API_KEY: 'sk-1',
    OPENAI_BASE_URL: 'https://proxy.example/v1',
    ANTHROPIC_API_KEY: 'sk-2',
    TALARIA_MODEL_FALLBACKS: 'anthropic/claude,scripted',
    TALARIA_MODEL_IDLE_TIMEOUT: '5s',
    TALARIA_MAX_STEPS: '3',
    TALARIA_INSTRUCTIONS: 'Be brief.',
    TALARIA_APPROVALS: 'always',
  })
  const openai = { apiKey: 'sk-1', baseUrl: 'https://proxy.example/v1' }
  expect(agentSettingsOf(settings)).toEqual({
    model: 'openai/gpt-5',
    aliases: {},
    fallbacks: ['anthropic/claude', 'scripted'],
    providers: { openai, 'openai-compatible': openai, anthropic: { apiKey: 'sk-2' } },
    timeouts: { connectMs: 10_000, firstTokenMs: 180_000, idleMs: 5_000 },
    maxAttempts: 3,
    maxSteps: 3,
    approvals: 'always',
    instructions: 'Be brief.',
  })
  expect(agentSettingsOf(await load())).not.toHaveProperty('instructions')
})
