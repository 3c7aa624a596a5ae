import { expect, test } from 'vitest'
import { redactSecrets } from './redact-secrets.ts'

const SECRET = 'k3Vq9ZpW7m2XdR5t'

test.each([
  { authorization: `Bearer ${SECRET}` },
  { Authorization: `Basic ${SECRET}` },
  { 'x-api-key': SECRET, apiKey: SECRET, api_key: SECRET, key: SECRET },
  { API_SERVER_KEY: SECRET, TELEGRAM_BOT_TOKEN: SECRET, WEBHOOK_SECRET: SECRET, DB_PASSWORD: SECRET },
  { token: SECRET, access_token: SECRET, refreshToken: SECRET, clientSecret: SECRET, password: SECRET },
  { deep: [{ headers: { cookie: `a=${SECRET}`, 'set-cookie': [`a=${SECRET}`, `b="${SECRET}"`] } }] },
  { password: `quote " backslash \\ ${SECRET}` },
  { password: 51237845123 },
  { msg: `upstream refused Bearer ${SECRET}, giving up` },
  { msg: `Authorization: Basic ${SECRET}` },
  { msg: `started with API_SERVER_KEY=${SECRET} PORT=1` },
  { msg: `started with API_SERVER_KEY="${SECRET}"` },
  { msg: `Incorrect API key provided: sk-proj-${SECRET}.` },
  { url: `postgres://talaria:${SECRET}@db.example:5432/board`, other: `redis://:${SECRET}@localhost` },
  { url: `https://api.example/v1?alt=sse&key=${SECRET}&x=1` },
  { err: { message: JSON.stringify({ error: { headers: { authorization: `Bearer ${SECRET}` }, api_key: `a"b\\${SECRET}`, at: 1 } }) } },
])('no secret is left in %j', (fields) => {
  const clean = redactSecrets(JSON.stringify(fields))
  expect(clean).not.toContain(SECRET)
  expect(clean).not.toContain('51237845123')
  expect(clean).toContain('[redacted]')
  expect(Object.keys(JSON.parse(clean) as object)).toEqual(Object.keys(fields))
})

test('what stands beside a secret stays readable', () => {
  expect(redactSecrets(`postgres://talaria:${SECRET}@db.example:5432/board`)).toBe('postgres://[redacted]@db.example:5432/board')
  expect(redactSecrets(`https://api.example/v1?alt=sse&key=${SECRET}&x=1`)).toBe('https://api.example/v1?alt=sse&key=[redacted]&x=1')
  expect(redactSecrets(`API_SERVER_KEY=${SECRET} PORT=1`)).toBe('API_SERVER_KEY=[redacted] PORT=1')
  expect(redactSecrets(JSON.stringify({ err: { message: JSON.stringify({ api_key: `a"${SECRET}`, at: 1 }) } }))).toBe(
    JSON.stringify({ err: { message: JSON.stringify({ api_key: '[redacted]', at: 1 }) } }),
  )
})

test.each([
  { sessionKey: 'api:42', idempotency_key: 'abc-123', usage: { inputTokens: 12, max_tokens: 4096 } },
  { msg: 'Set API_SERVER_KEY to 16 or more characters.', file: '/home/ada/.talaria/.env' },
  { msg: 'The token bucket of http://localhost:8642/v1 is empty.', monkey: 'George', keyboard: 'qwerty' },
  { msg: 'mail ada@example.org, see https://example.org/a@b' },
])("%j is nobody's secret", (fields) => {
  expect(redactSecrets(JSON.stringify(fields))).toBe(JSON.stringify(fields))
})

test('a long hostile text is not looked at for long', () => {
  const hostile = [
    '"KEY'.repeat(20_000),
    `"KEY":"${'\\"'.repeat(40_000)}`,
    'A_KEY'.repeat(20_000),
    `${'a.'.repeat(40_000)}://`,
    `\\"key\\":\\"${'\\\\'.repeat(40_000)}`,
    `"set-cookie":["a"${',"a"'.repeat(20_000)}`,
  ]
  const start = performance.now()
  for (const text of hostile) redactSecrets(text)
  // Quadratic matching of any of them takes seconds.
  expect(performance.now() - start).toBeLessThan(500)
})
