import { expect, test } from 'vitest'
import { serverSentEvents } from './server-sent-events.ts'

/** An answer that arrives in these pieces. */
function answerOf(...chunks: readonly (string | Uint8Array)[]): Response {
  const encoder = new TextEncoder()
  return new Response(ReadableStream.from(chunks.map((chunk) => (typeof chunk === 'string' ? encoder.encode(chunk) : chunk))))
}

test('events are put together from whatever pieces they arrive in, comments and names left out', async () => {
  const umlaut = new TextEncoder().encode('data: ü\n\n')
  const pieces = [': keep-alive\n\n', 'event: x\nda', 'ta: one\n', '\ndata: two\ndata: lines\n\n', umlaut.slice(0, 7), umlaut.slice(7)]
  expect(await Array.fromAsync(serverSentEvents(answerOf(...pieces)))).toEqual(['one', 'two\nlines', 'ü'])
})

test('an event that was cut off is none', async () => {
  expect(await Array.fromAsync(serverSentEvents(answerOf('data: whole\n\n', 'data: ha')))).toEqual(['whole'])
})
