import { defineSettings, duration, integer, list, oneOf, text, url, type SettingsOf } from '@talaria/core/config'
import { z } from 'zod'
import type { AgentSettingsInput } from './agent-settings.ts'

/** What can be set of the agent, wherever it works: the gateway answers with it, and a worker of the board works with it. */
export const agentSettingsTable = defineSettings({
  model: {
    env: 'TALARIA_MODEL',
    file: 'model.default',
    schema: text('scripted, provider/model, or an alias'),
    fallback: 'scripted',
    help: 'The default model: scripted, openai/…, anthropic/…, openai-compatible/…, or an alias.',
    applies: 'at_once',
  },
  modelAliases: {
    env: 'TALARIA_MODEL_ALIASES',
    file: 'model.aliases',
    schema: aliases(),
    fallback: {},
    help: 'Names that clients may select, each with the model behind it: fast=openai/gpt-5-mini,local=openai-compatible/qwen3.',
    applies: 'at_once',
  },
  modelFallbacks: {
    env: 'TALARIA_MODEL_FALLBACKS',
    file: 'model.fallbacks',
    schema: list(text('provider/model')),
    fallback: [],
    help: 'Models to try, in this order, when one cannot answer.',
    applies: 'at_once',
  },
  openaiKey: { env: 'OPENAI_API_KEY', schema: text('a key').optional(), secret: true, help: 'Key for openai/… and openai-compatible/….', applies: 'at_once' },
  openaiBaseUrl: {
    env: 'OPENAI_BASE_URL',
    file: 'model.openai_base_url',
    schema: url().optional(),
    help: 'Address of the API behind openai/… and openai-compatible/…, such as http://127.0.0.1:11434/v1.',
    applies: 'at_once',
  },
  anthropicKey: { env: 'ANTHROPIC_API_KEY', schema: text('a key').optional(), secret: true, help: 'Key for anthropic/….', applies: 'at_once' },
  anthropicBaseUrl: {
    env: 'ANTHROPIC_BASE_URL',
    file: 'model.anthropic_base_url',
    schema: url().optional(),
    help: 'Address of the API behind anthropic/….',
    applies: 'at_once',
  },
  connectTimeout: {
    env: 'TALARIA_MODEL_CONNECT_TIMEOUT',
    file: 'model.timeouts.connect',
    schema: duration(),
    fallback: 10_000,
    help: 'How long connecting to a model may take.',
    applies: 'at_once',
  },
  firstTokenTimeout: {
    env: 'TALARIA_MODEL_FIRST_TOKEN_TIMEOUT',
    file: 'model.timeouts.first_token',
    schema: duration(),
    fallback: 180_000,
    help: 'How long a model may take to begin its answer.',
    applies: 'at_once',
  },
  idleTimeout: {
    env: 'TALARIA_MODEL_IDLE_TIMEOUT',
    file: 'model.timeouts.idle',
    schema: duration(),
    fallback: 60_000,
    help: 'How long a model may pause within its answer.',
    applies: 'at_once',
  },
  maxAttempts: {
    env: 'TALARIA_MODEL_MAX_ATTEMPTS',
    file: 'model.max_attempts',
    schema: integer({ min: 1, max: 10 }),
    fallback: 3,
    help: 'How often a model is tried before the next one of the fall-backs.',
    applies: 'at_once',
  },
  maxSteps: {
    env: 'TALARIA_MAX_STEPS',
    file: 'agent.max_steps',
    schema: integer({ min: 1 }),
    fallback: 32,
    help: 'Calls of the model in one run, tools included.',
    applies: 'at_once',
  },
  instructions: {
    env: 'TALARIA_INSTRUCTIONS',
    file: 'agent.instructions',
    schema: text('a text').optional(),
    help: 'What the agent is told before every conversation.',
    applies: 'at_once',
  },
  personalities: {
    env: 'TALARIA_PERSONALITIES',
    file: 'agent.personalities',
    schema: namedTexts(),
    fallback: {},
    help: 'Instructions that people choose by name in a chat (/personality).',
    applies: 'at_once',
  },
  approvals: {
    env: 'TALARIA_APPROVALS',
    file: 'agent.approvals',
    schema: oneOf('never', 'always'),
    fallback: 'never',
    help: "Whether a person is asked before one of the server's own tools runs.",
    applies: 'at_once',
  },
})

/** How the agent is set up by what was loaded of the table. */
export function agentSettingsOf(settings: SettingsOf<typeof agentSettingsTable>): AgentSettingsInput {
  const openai = {
    ...(settings.openaiKey !== undefined && { apiKey: settings.openaiKey }),
    ...(settings.openaiBaseUrl !== undefined && { baseUrl: settings.openaiBaseUrl }),
  }
  return {
    model: settings.model,
    aliases: settings.modelAliases,
    fallbacks: [...settings.modelFallbacks],
    providers: {
      openai,
      'openai-compatible': openai,
      anthropic: {
        ...(settings.anthropicKey !== undefined && { apiKey: settings.anthropicKey }),
        ...(settings.anthropicBaseUrl !== undefined && { baseUrl: settings.anthropicBaseUrl }),
      },
    },
    timeouts: { connectMs: settings.connectTimeout, firstTokenMs: settings.firstTokenTimeout, idleMs: settings.idleTimeout },
    maxAttempts: settings.maxAttempts,
    maxSteps: settings.maxSteps,
    approvals: settings.approvals,
    ...(settings.instructions !== undefined && { instructions: settings.instructions }),
  }
}

/** `name=provider/model` pairs with commas, or a mapping in YAML. */
function aliases(): z.ZodType<Record<string, string>> {
  const pairs = z.string().transform((value, context) => {
    const entries = value.split(',').map((pair) => pair.split('=').map((part) => part.trim()))
    if (entries.every(([name, target, ...rest]) => name && target && rest.length === 0)) return Object.fromEntries(entries) as Record<string, string>
    context.addIssue({ code: 'custom', message: 'expected name=provider/model, several with commas' })
    return z.NEVER
  })
  return z.union([z.record(z.string(), z.string()), pairs]).describe('name=provider/model, several with commas, or a mapping')
}

/** A mapping of names to texts in YAML; in a variable the same as JSON, because a text may hold any mark. */
function namedTexts(): z.ZodType<Record<string, string>> {
  const texts = z.record(z.string().regex(/^[\w-]+$/), z.string().min(1))
  const json = z.string().transform((value, context) => {
    try {
      return texts.parse(JSON.parse(value))
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a JSON object of names and texts' })
      return z.NEVER
    }
  })
  return z.union([texts, json]).describe('a mapping of names to texts; in a variable as JSON')
}
