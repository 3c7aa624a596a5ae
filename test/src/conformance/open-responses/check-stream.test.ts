import { expect, test } from 'vitest'
import type { SseFrame } from '../../testing/sse-frames.ts'
import { useGateway } from '../../testing/use-gateway.ts'
import { checkStream } from './check-stream.ts'

// The rules are only worth what they catch: each of these streams breaks one client or another (openai-compat.md, B.5).

const shared = useGateway()

async function soundStream(): Promise<readonly SseFrame[]> {
  const body = { input: '!think Hm.\n!say one two\n!call get_weather {"city":"Rome"}', tools: [{ type: 'function', name: 'get_weather' }], stream: true }
  return Array.fromAsync((await shared.gateway.api.stream('POST', '/v1/responses', { body })).frames)
}

/** What the mutations look into. */
type EventData = Record<string, unknown> & { readonly response: Record<string, unknown> }

type Mutation = (frames: readonly SseFrame[]) => readonly SseFrame[]

const without =
  (type: string): Mutation =>
  (frames) =>
    renumbered(frames.filter(({ event }) => event !== type))
const changed =
  (type: string, change: (data: EventData) => unknown): Mutation =>
  (frames) =>
    frames.map((frame) => (frame.event === type ? { ...frame, data: JSON.stringify(change(JSON.parse(frame.data!))) } : frame))

const MUTATIONS: readonly [string, Mutation, string][] = [
  ['an event type of our own', (frames) => renumbered(frames.toSpliced(4, 0, frame({ type: 'talaria.tool.progress' }))), 'every event has its fields'],
  ['no response.created', without('response.created'), 'response.created comes first'],
  ['no response.in_progress', without('response.in_progress'), 'then response.in_progress'],
  ['no response.content_part.added', without('response.content_part.added'), 'a delta belongs to a part that is open'],
  ['no response.output_item.added', without('response.output_item.added'), 'an event belongs to an item that is open'],
  ['no response.output_item.done', without('response.output_item.done'), 'every item that was added is done'],
  ['no terminal event', without('response.completed'), 'the last event is terminal'],
  ['no [DONE]', (frames) => frames.slice(0, -1), 'the last frame is [DONE]'],
  ['a number left out', (frames) => frames.toSpliced(5, 1), 'sequence numbers are 0, 1, 2, …'],
  ['no sequence number', changed('response.output_text.delta', ({ sequence_number: _, ...rest }) => rest), 'every event has its fields'],
  ['frames with ids', (frames) => frames.map((one) => ({ ...one, id: '1' })), 'no frame has an id'],
  ['a name that is not the type', (frames) => frames.map((one) => (one.event ? { ...one, event: 'message' } : one)), 'the name of an event is its type'],
  [
    'another id at the end',
    changed('response.completed', (data) => ({ ...data, response: { ...data.response, id: 'resp_other' } })),
    'the id of a response does not change',
  ],
  ['a text that is not its deltas', changed('response.output_text.done', (data) => ({ ...data, text: 'other' })), 'a text is the sum of its deltas'],
  [
    'arguments that are not their deltas',
    changed('response.function_call_arguments.done', (data) => ({ ...data, arguments: '{}' })),
    'arguments are the sum of their deltas',
  ],
  ['the same output index twice', changed('response.output_item.added', (data) => ({ ...data, output_index: 0 })), 'items are added in order'],
  [
    'an output that lacks an item',
    changed('response.completed', (data) => ({ ...data, response: { ...data.response, output: [] } })),
    'its output is the items that were announced as done',
  ],
  [
    'a beginning that knows the end',
    changed('response.created', (data) => ({ ...data, response: { ...data.response, status: 'completed' } })),
    'its status is that of its event',
  ],
  [
    'a response without a required key',
    changed('response.completed', ({ response: { top_logprobs: _, ...response }, ...data }) => ({ ...data, response })),
    'every event has its fields',
  ],
]

test.for(MUTATIONS)('a stream with %s is refused', async ([, mutate, rule]) => {
  const frames = await soundStream()
  checkStream(frames)
  expect(() => checkStream(mutate(frames))).toThrow(`Broken: ${rule}`)
})

function frame(data: Record<string, unknown>): SseFrame {
  return { raw: '', id: undefined, event: data['type'] as string, data: JSON.stringify({ sequence_number: 0, ...data }) }
}

function renumbered(frames: readonly SseFrame[]): readonly SseFrame[] {
  return frames.map((one, index) => (one.data === '[DONE]' ? one : { ...one, data: JSON.stringify({ ...JSON.parse(one.data!), sequence_number: index }) }))
}
