import { expect, test } from 'vitest'
import { codeOf, messageOf, TalariaError } from './errors.ts'

class BoardError extends TalariaError<'BOARD_LOST'> {}

test('an error carries its code, its cause and the name of its class', () => {
  const cause = new Error('disk')
  const error = new BoardError('BOARD_LOST', 'The board is gone.', { cause, details: { board: 'home' } })
  expect(error).toMatchObject({ name: 'BoardError', code: 'BOARD_LOST', message: 'The board is gone.', cause, details: { board: 'home' } })
  expect('cause' in new BoardError('BOARD_LOST', 'x')).toBe(false)
})

test('codeOf finds the code of our errors and of those of Node, and nothing in anything else', () => {
  expect(codeOf(new BoardError('BOARD_LOST', 'x'))).toBe('BOARD_LOST')
  expect(codeOf(Object.assign(new Error('x'), { code: 'EMFILE' }))).toBe('EMFILE')
  for (const other of [new Error('x'), { code: 7 }, null, undefined, 'EMFILE']) expect(codeOf(other)).toBeUndefined()
})

test('messageOf makes a sentence of anything that was thrown', () => {
  expect([new Error('no space'), 'no space', 7, undefined].map(messageOf)).toEqual(['no space', 'no space', '7', 'undefined'])
})
