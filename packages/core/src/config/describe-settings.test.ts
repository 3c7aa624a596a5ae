import { expect, test } from 'vitest'
import { z } from 'zod'
import { describeSettings } from './describe-settings.ts'
import { defineSettings } from './setting.ts'
import { duration, list, port, text } from './value-schemas.ts'

test('a row says all there is to say, and a fallback as one would write it', () => {
  const rows = describeSettings(
    defineSettings({
      port: { env: 'API_SERVER_PORT', file: 'gateway.api_server.port', schema: port(), fallback: 8642, help: 'Where the gateway listens.' },
      key: { env: 'API_SERVER_KEY', schema: text(), help: 'Who may use it.', secret: true },
      keep: { env: 'RESPONSES_KEEP', schema: duration(), fallback: 2_592_000_000, help: 'How long responses are kept.' },
      origins: { env: 'CORS_ORIGINS', schema: list(text('an origin')).optional(), help: 'Who may read from browsers.', applies: 'at_once' },
      aliases: { env: 'MODELS', schema: z.record(z.string(), z.string()), fallback: {}, help: 'Other names of models.' },
      salt: { env: 'SALT', schema: text(), fallback: 'built in', secret: true, help: 'Salt.' },
    }),
  )
  expect(rows).toEqual([
    {
      env: 'API_SERVER_PORT',
      file: 'gateway.api_server.port',
      expected: 'a port number from 0 to 65535',
      fallback: '8642',
      isRequired: false,
      applies: 'restart',
      help: 'Where the gateway listens.',
    },
    { env: 'API_SERVER_KEY', file: undefined, expected: 'a text', fallback: undefined, isRequired: true, applies: 'restart', help: 'Who may use it.' },
    {
      env: 'RESPONSES_KEEP',
      file: undefined,
      expected: 'a duration with its unit, such as 30s, 10m or 30d',
      fallback: '30d',
      isRequired: false,
      applies: 'restart',
      help: 'How long responses are kept.',
    },
    {
      env: 'CORS_ORIGINS',
      file: undefined,
      expected: 'a list, separated by commas, of: an origin',
      fallback: undefined,
      isRequired: false,
      applies: 'reload',
      help: 'Who may read from browsers.',
    },
    { env: 'MODELS', file: undefined, expected: 'a value', fallback: '{}', isRequired: false, applies: 'restart', help: 'Other names of models.' },
    { env: 'SALT', file: undefined, expected: 'a text', fallback: 'a built-in value', isRequired: false, applies: 'restart', help: 'Salt.' },
  ])
})
