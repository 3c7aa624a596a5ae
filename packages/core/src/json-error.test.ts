import { expect, test } from 'vitest'
import { jsonError } from './json-error.ts'

test('an error body always has its four keys, because clients read them without asking', () => {
  expect(jsonError('No.', { type: 'server_error' })).toEqual({ error: { message: 'No.', type: 'server_error', param: null, code: null } })
  expect(jsonError('No.', { type: 'invalid_request_error', param: 'model', code: 'unknown_parameter' }).error).toMatchObject({
    param: 'model',
    code: 'unknown_parameter',
  })
})
