import type { AgentMessage } from '@talaria/agent'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { transcriptHash } from './transcript-hash.ts'

const CONVERSATION: readonly AgentMessage[] = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hi', toolCalls: [{ id: 'call_1', name: 'look', arguments: '{}' }] },
  { role: 'tool', content: 'a cat', toolCallId: 'call_1' },
]

test('what clients change without meaning it does not change the name of a conversation', () => {
  const same: readonly (readonly AgentMessage[])[] = [
    [{ role: 'system', content: 'It is Tuesday.' }, ...CONVERSATION],
    [{ role: 'user', content: ' Hello\n' }, ...CONVERSATION.slice(1)],
    [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }, ...CONVERSATION.slice(1)],
  ]
  for (const conversation of same) expect(transcriptHash(conversation)).toBe(transcriptHash(CONVERSATION))
})

test('conversations that differ in anything a client can see have different names', () => {
  const others: readonly (readonly AgentMessage[])[] = [
    CONVERSATION.slice(0, 2),
    CONVERSATION.toReversed(),
    [{ role: 'user', content: 'Hello?' }, ...CONVERSATION.slice(1)],
    [{ role: 'assistant', content: 'Hello' }, ...CONVERSATION.slice(1)],
    [CONVERSATION[0]!, { role: 'assistant', content: 'Hi' }, CONVERSATION[2]!],
    [CONVERSATION[0]!, { ...CONVERSATION[1]!, toolCalls: [{ id: 'call_1', name: 'look', arguments: '{"at":1}' }] }, CONVERSATION[2]!],
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'image', url: 'https://example.org/a.png' },
        ],
      },
      ...CONVERSATION.slice(1),
    ],
  ]
  expect(new Set([CONVERSATION, ...others].map(transcriptHash)).size).toBe(others.length + 1)
})

test('where one message ends and the next begins is part of the name', () => {
  const message = fc.record({
    role: fc.constantFrom('user' as const, 'assistant' as const),
    content: fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ']', '[') }),
  })
  fc.assert(
    fc.property(fc.array(message), fc.array(message), (one, other) => {
      const trimmed = (messages: readonly AgentMessage[]) => JSON.stringify(messages.map(({ role, content }) => [role, (content as string).trim()]))
      expect(transcriptHash(one) === transcriptHash(other)).toBe(trimmed(one) === trimmed(other))
    }),
  )
})
