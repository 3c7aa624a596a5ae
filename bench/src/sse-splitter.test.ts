import { expect, test } from 'vitest'
import { SseSplitter } from './sse-splitter.ts'

test('frames that come in one piece are told apart', () => {
  expect(new SseSplitter().push('data: one\n\nevent: two\ndata: 2\n\n')).toEqual(['data: one', 'event: two\ndata: 2'])
})

test('a frame that comes in pieces is one, when its end has come', () => {
  const splitter = new SseSplitter()
  const pieces = ['da', 'ta: one\n', '\ndata: two', '\n\n']
  expect(pieces.map((piece) => splitter.push(piece))).toEqual([[], [], ['data: one'], ['data: two']])
})
