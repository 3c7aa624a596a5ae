import type { AgentEvent } from '@talaria/agent'
import type { TurnEvent } from '@talaria/db'
import { expect, test } from 'vitest'
import { messagesOfEvents, summarize } from './messages-of-events.ts'

const events = (...all: readonly AgentEvent[]): readonly TurnEvent[] =>
  all.map(({ type, ...data }, n) => ({ turnId: 'run_1', seq: n + 1, type, data, createdAt: 0 }))
const text = (said: string): AgentEvent => ({ type: 'text.delta', text: said })
const started = (id: string, runs: 'client' | 'server' = 'server'): AgentEvent => ({ type: 'tool.started', id, name: 'look', runs })
const finished = (id: string, output?: string): AgentEvent => ({
  type: 'tool.finished',
  id,
  name: 'look',
  runs: output === undefined ? 'client' : 'server',
  arguments: '{}',
  ...(output !== undefined && { output }),
})
const call = (id: string) => ({ id, name: 'look', arguments: '{}' })

/** What is stored, in a form that fits on a line. */
const stored = (all: readonly TurnEvent[]) =>
  messagesOfEvents(all, 'stop', 0).map(({ role, content, toolCalls, toolCallId, reasoning, finishReason }) =>
    [role, toolCallId, content, reasoning && `(${reasoning})`, toolCalls?.map(({ id }) => id).join('+'), finishReason].filter(Boolean).join(' '),
  )

test('an answer without tools is one message', () => {
  expect(stored(events({ type: 'reasoning.delta', text: 'Hm' }, text('Hello '), text('you')))).toEqual(['assistant Hello you (Hm) stop'])
})

test('each time the model spoke is a message, followed by the results of what it called', () => {
  expect(stored(events(text('Let me look.'), started('a'), finished('a', 'a cat'), text('It is a cat.')))).toEqual([
    'assistant Let me look. a',
    'tool a a cat',
    'assistant It is a cat. stop',
  ])
})

test('calls that were made together stand in one message, calls that were made one after the other do not', () => {
  expect(stored(events(started('a'), started('b'), finished('b', '2'), finished('a', '1'), started('c'), finished('c', '3'), text('done')))).toEqual([
    'assistant b+a',
    'tool b 2',
    'tool a 1',
    'assistant c',
    'tool c 3',
    'assistant done stop',
  ])
})

test('what a person added stands where the model heard it', () => {
  expect(stored(events(text('One'), { type: 'steered', text: 'shorter' }, text('1')))).toEqual(['assistant One', 'user shorter', 'assistant 1 stop'])
})

test('a call that never came to its end leaves no message that nobody could answer', () => {
  expect(stored(events(text('Let me look.'), started('a')))).toEqual(['assistant Let me look. stop'])
})

test('a turn without a word adds no message', () => {
  expect(stored(events())).toEqual([])
})

test('calls for the client are summed up beside the text, those of the server are not', () => {
  const summary = summarize(
    events(text('Both.'), started('a'), finished('a', 'seen'), started('b', 'client'), finished('b'), {
      type: 'usage',
      usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedInputTokens: 0 },
    }),
  )
  expect(summary).toEqual({
    text: 'Both.',
    reasoning: '',
    clientCalls: [call('b')],
    usage: { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedInputTokens: 0 },
  })
})
