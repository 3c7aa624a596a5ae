import { expect, test } from 'vitest'
import type { AgentMessage } from '../agent.ts'
import { promptOf } from './prompt.ts'

const user = (content: AgentMessage['content']): AgentMessage => ({ role: 'user', content })
const calling = (id: string, args = '{}', content = ''): AgentMessage => ({ role: 'assistant', content, toolCalls: [{ id, name: 'look', arguments: args }] })
const result = (toolCallId: string, content: AgentMessage['content'] = 'seen'): AgentMessage => ({ role: 'tool', content, toolCallId })
const rolesOf = (messages: readonly AgentMessage[]) => promptOf(messages, []).map(({ role }) => role)

test('all instructions become one message before the conversation', () => {
  const prompt = promptOf([{ role: 'system', content: 'c' }, { role: 'system', content: [{ type: 'text', text: 'd' }] }, user('hi')], ['a', undefined, '', 'b'])
  expect(prompt[0]).toEqual({ role: 'system', content: 'a\n\nb\n\nc\n\nd' })
  expect(prompt).toHaveLength(2)
})

test('a system message in the middle stays where it is', () => {
  expect(rolesOf([user('a'), { role: 'system', content: 'b' }, user('c')])).toEqual(['user', 'system', 'user'])
})

test('text, pictures and files of a message keep their order', () => {
  const [message] = promptOf(
    [
      user([
        { type: 'text', text: 'see' },
        { type: 'image', url: 'data:image/png;base64,AAAA', detail: 'low' },
        { type: 'file', url: 'https://example.com/a.pdf', filename: 'a.pdf' },
      ]),
    ],
    [],
  )
  expect(message?.content).toEqual([
    { type: 'text', text: 'see' },
    { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AAAA' }, providerOptions: { openai: { imageDetail: 'low' } } },
    { type: 'file', mediaType: 'application/pdf', data: { type: 'url', url: new URL('https://example.com/a.pdf') }, filename: 'a.pdf' },
  ])
})

test('results of one step are one message, named after their calls', () => {
  const both: AgentMessage = {
    role: 'assistant',
    content: 'so',
    toolCalls: [
      { id: '1', name: 'look', arguments: '{"at":1}' },
      { id: '2', name: 'hear', arguments: '' },
    ],
  }
  expect(promptOf([user('a'), both, result('2', 'heard'), result('1')], []).slice(1)).toEqual([
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'so' },
        { type: 'tool-call', toolCallId: '1', toolName: 'look', input: { at: 1 } },
        { type: 'tool-call', toolCallId: '2', toolName: 'hear', input: {} },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: '2', toolName: 'hear', output: { type: 'text', value: 'heard' } },
        { type: 'tool-result', toolCallId: '1', toolName: 'look', output: { type: 'text', value: 'seen' } },
      ],
    },
  ])
})

test('a call that was never answered gets a result that says so, because providers refuse it otherwise', () => {
  const prompt = promptOf([user('a'), calling('1'), user('b'), calling('2')], [])
  expect(prompt.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user', 'assistant', 'tool'])
  expect(prompt[2]).toMatchObject({ content: [{ toolCallId: '1', output: { type: 'error-text' } }] })
})

test('a result whose call was cut off the history becomes text', () => {
  const prompt = promptOf([{ ...result('0', 'old'), toolName: 'look' }, user('a')], [])
  expect(prompt.map(({ role }) => role)).toEqual(['user', 'user'])
  expect(prompt[0]?.content).toEqual([{ type: 'text', text: 'The result of an earlier tool call (look):\nold' }])
})

test('a call id that is used again in a later step belongs to that step', () => {
  const prompt = promptOf([calling('1'), result('1', 'first'), calling('1'), result('1', 'second')], [])
  expect(prompt.filter(({ role }) => role === 'tool').map(({ content }) => content)).toMatchObject([
    [{ output: { value: 'first' } }],
    [{ output: { value: 'second' } }],
  ])
})

test('arguments that are not a JSON object go back as an object that holds what was written', () => {
  for (const args of ['{"at":', '[1]', '7', 'null']) {
    expect(promptOf([calling('1', args)], [])[0]?.content).toMatchObject([{ input: { invalid_arguments: args } }])
  }
})

test('an assistant message without anything in it is left out', () => {
  expect(rolesOf([user('a'), { role: 'assistant', content: '' }, user('b')])).toEqual(['user', 'user'])
})

test('a picture in a tool result is kept beside its text', () => {
  const [, tool] = promptOf(
    [
      calling('1'),
      result('1', [
        { type: 'text', text: 'shot' },
        { type: 'image', url: 'data:image/png;base64,AAAA' },
      ]),
    ],
    [],
  )
  expect(tool?.content).toMatchObject([
    {
      output: {
        type: 'content',
        value: [
          { type: 'text', text: 'shot' },
          { type: 'file', mediaType: 'image/png' },
        ],
      },
    },
  ])
})

test.each(['file:///etc/passwd', 'ftp://example.com/x', 'nonsense', 'data:image/png', 'data:text/plain,%E0%A4%A'])('%s cannot be attached', (url) => {
  expect(() => promptOf([user([{ type: 'image', url }])], [])).toThrow(expect.objectContaining({ code: 'invalid_content' }))
})

test('a data: URL may be percent-encoded, and may say its type or leave it to the part', () => {
  const [message] = promptOf(
    [
      user([
        { type: 'file', url: 'data:,a%20b', mediaType: 'text/plain' },
        { type: 'file', url: 'data:text/csv;charset=utf-8;base64,YQ==' },
      ]),
    ],
    [],
  )
  expect(message?.content).toEqual([
    { type: 'file', mediaType: 'text/plain', data: { type: 'data', data: Buffer.from('a b').toString('base64') } },
    { type: 'file', mediaType: 'text/csv', data: { type: 'data', data: 'YQ==' } },
  ])
})
