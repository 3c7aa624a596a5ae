import { systemClock } from '@talaria/core'
import { expect, test } from 'vitest'
import { parseAgentSettings, type AgentSettingsInput } from '../agent-settings.ts'
import { ModelDirectory } from './model-directory.ts'
import { scriptedModel } from './scripted/scripted-model.ts'
import { parseTarget } from './target.ts'

function directory(settings: AgentSettingsInput): ModelDirectory {
  return new ModelDirectory(parseAgentSettings(settings), { scripted: scriptedModel(systemClock), fetch: globalThis.fetch })
}

const SETTINGS: AgentSettingsInput = {
  model: 'openai/gpt-5',
  aliases: { fast: 'openai-compatible/qwen/qwen3-8b', toy: 'scripted' },
  fallbacks: ['anthropic/claude-sonnet-4-5', 'scripted'],
}

test('the names are the default, the aliases and the fall-backs, each once, in this order', () => {
  expect(directory(SETTINGS).listings).toEqual([
    { id: 'openai/gpt-5', target: 'openai/gpt-5', ownedBy: 'openai' },
    { id: 'fast', target: 'openai-compatible/qwen/qwen3-8b', ownedBy: 'openai-compatible' },
    { id: 'toy', target: 'scripted', ownedBy: 'talaria' },
    { id: 'anthropic/claude-sonnet-4-5', target: 'anthropic/claude-sonnet-4-5', ownedBy: 'anthropic' },
    { id: 'scripted', target: 'scripted', ownedBy: 'talaria' },
  ])
})

test('a default that is an alias is listed once, under its name', () => {
  expect(directory({ model: 'fast', aliases: { fast: 'openai/gpt-5' } }).listings).toEqual([{ id: 'fast', target: 'openai/gpt-5', ownedBy: 'openai' }])
})

test('a listed name selects, any other runs the default, and the fall-backs follow', () => {
  const names = (name: string) =>
    directory(SETTINGS)
      .targetsOf(name)
      .map((target) => target.name)
  expect(names('fast')).toEqual(['openai-compatible/qwen/qwen3-8b', 'anthropic/claude-sonnet-4-5', 'scripted'])
  expect(names('gpt-4o')).toEqual(['openai/gpt-5', 'anthropic/claude-sonnet-4-5', 'scripted'])
  expect(names('constructor')).toEqual(['openai/gpt-5', 'anthropic/claude-sonnet-4-5', 'scripted'])
})

test('a model that is its own fall-back is asked once', () => {
  expect(
    directory(SETTINGS)
      .targetsOf('scripted')
      .map(({ name }) => name),
  ).toEqual(['scripted', 'anthropic/claude-sonnet-4-5'])
})

test('a model name may have slashes of its own', () => {
  expect(parseTarget('openai-compatible/qwen/qwen3-8b')).toMatchObject({ provider: 'openai-compatible', modelId: 'qwen/qwen3-8b' })
})

test('a model is opened once, and one that could not be opened is tried again', async () => {
  const models = directory({ model: 'openai/gpt-5', aliases: { local: 'openai-compatible/m' }, providers: { openai: { apiKey: 'sk-1' } } })
  expect(models.open(parseTarget('openai/gpt-5'))).toBe(models.open(parseTarget('openai/gpt-5')))
  const first = models.open(parseTarget('openai-compatible/m'))
  await expect(first).rejects.toMatchObject({ code: 'model_not_configured' })
  const second = models.open(parseTarget('openai-compatible/m'))
  expect(second).not.toBe(first)
  await expect(second).rejects.toMatchObject({ code: 'model_not_configured' })
})
