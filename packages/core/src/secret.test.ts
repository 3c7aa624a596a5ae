import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { judgeSecret, secretsEqual } from './secret.ts'

const problemOf = (value: string | undefined) => {
  const verdict = judgeSecret(value)
  return verdict === 'ok' ? 'ok' : verdict.problem
}

test('no value, and one of blanks, is an absent secret', () => {
  expect([undefined, '', '   '].map(problemOf)).toEqual(['absent', 'absent', 'absent'])
})

test.each([
  'changeme',
  'change-me-please',
  'CHANGE_ME_1234567890',
  'your-key-here',
  'your_api_key_here',
  'sk-your-openai-api-key',
  'sk-xxxxxxxxxxxxxxxxxxxxxxxx',
  'xxxxxxxxxxxxxxxx',
  'aaaaaaaaaaaaaaaaaaaa',
  'abababababababab',
  '1234567890123456',
  '0123456789abcdef',
  'abcdefghijklmnopqrst',
  '<your api key, 32 chars>',
  '${API_SERVER_KEY}',
  '{{ api_server_key }}',
  'mysecretpassword',
  'replace-with-a-long-random-string',
  'password123456789',
  'testtesttesttest',
  '----------------',
  '0000000000000001',
])('%s is a placeholder', (value) => {
  expect(problemOf(value)).toBe('placeholder')
})

test('fewer than 16 characters are too short, 16 are enough', () => {
  expect(problemOf('k3!vq9zpw7m2xd5')).toBe('too_short')
  expect(problemOf('k3!vq9zpw7m2xd5r')).toBe('ok')
})

test('random secrets in every usual spelling are fine, 20,000 of them', () => {
  for (let round = 0; round < 5_000; round++) {
    const bytes = randomBytes(16)
    const digits = BigInt(`0x${randomBytes(20).toString('hex')}`)
      .toString()
      .slice(-32)
    for (const secret of [bytes.toString('hex'), bytes.toString('base64url'), `sk-${bytes.toString('base64')}`, digits])
      expect([secret, problemOf(secret)]).toEqual([secret, 'ok'])
  }
})

test('a value of digits is not taken for a word because of the letter in it', () => {
  expect(problemOf('8374659203847561a5')).toBe('ok')
})

test('a passphrase of words is fine even if one of them is a word of placeholders', () => {
  expect(problemOf('correct horse battery staple')).toBe('ok')
  expect(problemOf('the-secret-garden-of-ada')).toBe('ok')
})

test('secrets of any two lengths can be compared', () => {
  expect(secretsEqual('k3!vq9zpw7m2xd5r', 'k3!vq9zpw7m2xd5r')).toBe(true)
  expect(secretsEqual('k3!vq9zpw7m2xd5r', 'k3!vq9zpw7m2xd5s')).toBe(false)
  expect(secretsEqual('k3!vq9zpw7m2xd5r', '')).toBe(false)
  expect(secretsEqual('clé', 'cle')).toBe(false)
})
