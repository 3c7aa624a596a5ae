import type { FakeAnswer } from './fake-answer.ts'

/** The frames of an answer as a provider's API streams them. */
export type Wire = (answer: FakeAnswer, model: string) => readonly string[]

/** OpenAI's chat completions, which every compatible server speaks. */
export const chatWire: Wire = ({ text = [], reasoning, calls = [], finish, usage }, model) => {
  const chunk = (delta: object, finishReason: string | null = null) =>
    frame({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices: [{ index: 0, delta, finish_reason: finishReason }] })
  return [
    chunk({ role: 'assistant' }),
    ...(reasoning ? [chunk({ reasoning_content: reasoning })] : []),
    ...text.map((content) => chunk({ content })),
    ...calls.flatMap(({ id, name, arguments: args }, index) => [
      chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
      ...halves(args).map((half) => chunk({ tool_calls: [{ index, function: { arguments: half } }] })),
    ]),
    chunk({}, finish ?? (calls.length > 0 ? 'tool_calls' : 'stop')),
    frame({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model,
      choices: [],
      usage: {
        prompt_tokens: usage?.input ?? 1,
        completion_tokens: usage?.output ?? 1,
        total_tokens: (usage?.input ?? 1) + (usage?.output ?? 1),
        prompt_tokens_details: { cached_tokens: usage?.cached ?? 0 },
        completion_tokens_details: { reasoning_tokens: usage?.reasoning ?? 0 },
      },
    }),
    'data: [DONE]\n\n',
  ]
}

/** OpenAI's Responses API. */
export const responsesWire: Wire = ({ text = [], calls = [], finish, usage }, model) => {
  const response = { id: 'resp_1', object: 'response', created_at: 1, model, output: [], service_tier: null }
  const event = (type: string, data: object) => frame({ type, ...data }, type)
  const message = { type: 'message', id: 'msg_1', role: 'assistant', content: [] }
  const incomplete = finish === 'length' ? { reason: 'max_output_tokens' } : null
  return [
    event('response.created', { response }),
    ...(text.length > 0
      ? [
          event('response.output_item.added', { output_index: 0, item: { ...message, status: 'in_progress' } }),
          ...text.map((delta) => event('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta })),
          event('response.output_item.done', { output_index: 0, item: { ...message, status: 'completed' } }),
        ]
      : []),
    ...calls.flatMap(({ id, name, arguments: args }, index) => {
      const item = { type: 'function_call', id: `fc_${index}`, call_id: id, name, arguments: '', status: 'in_progress' }
      const place = { output_index: index + 1 }
      return [
        event('response.output_item.added', { ...place, item }),
        ...halves(args).map((delta) => event('response.function_call_arguments.delta', { ...place, item_id: item.id, delta })),
        event('response.function_call_arguments.done', { ...place, item_id: item.id, arguments: args }),
        event('response.output_item.done', { ...place, item: { ...item, arguments: args, status: 'completed' } }),
      ]
    }),
    event(incomplete ? 'response.incomplete' : 'response.completed', {
      response: {
        ...response,
        incomplete_details: incomplete,
        usage: {
          input_tokens: usage?.input ?? 1,
          input_tokens_details: { cached_tokens: usage?.cached ?? 0 },
          output_tokens: usage?.output ?? 1,
          output_tokens_details: { reasoning_tokens: usage?.reasoning ?? 0 },
        },
      },
    }),
  ]
}

const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' }

/** Anthropic's messages. */
export const messagesWire: Wire = ({ text = [], reasoning, calls = [], finish, usage }, model) => {
  const event = (type: string, data: object = {}) => frame({ type, ...data }, type)
  let index = -1
  const block = (start: object, deltas: readonly object[]) => {
    index += 1
    const place = { index }
    return [
      event('content_block_start', { ...place, content_block: start }),
      ...deltas.map((delta) => event('content_block_delta', { ...place, delta })),
      event('content_block_stop', place),
    ]
  }
  return [
    event('message_start', {
      message: {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: usage?.input ?? 1, output_tokens: 0 },
      },
    }),
    ...(reasoning
      ? block({ type: 'thinking', thinking: '', signature: '' }, [
          { type: 'thinking_delta', thinking: reasoning },
          { type: 'signature_delta', signature: 'signed' },
        ])
      : []),
    ...(text.length > 0
      ? block(
          { type: 'text', text: '' },
          text.map((delta) => ({ type: 'text_delta', text: delta })),
        )
      : []),
    ...calls.flatMap(({ id, name, arguments: args }) =>
      block(
        { type: 'tool_use', id, name, input: {} },
        halves(args).map((half) => ({ type: 'input_json_delta', partial_json: half })),
      ),
    ),
    event('message_delta', {
      delta: { stop_reason: STOP_REASONS[finish ?? (calls.length > 0 ? 'tool_calls' : 'stop')], stop_sequence: null },
      usage: { output_tokens: usage?.output ?? 1 },
    }),
    event('message_stop'),
  ]
}

function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '')
}

function frame(data: object, event?: string): string {
  return `${event ? `event: ${event}\n` : ''}data: ${JSON.stringify(data)}\n\n`
}
