import type { SseFrame } from '../../testing/sse-frames.ts'
import { eventSchema, type StreamEvent } from './event-schema.ts'
import type { Item, OpenResponse } from './response-schema.ts'

/** What a stream that keeps the rules adds up to. */
export interface CheckedStream {
  readonly events: readonly StreamEvent[]
  /** That of the last event. */
  readonly response: OpenResponse
}

/**
 * Checks a whole stream of `POST /v1/responses`, as it came over the wire, against the rules of its protocol: framing,
 * the fields of every event, their order, and that what is announced piece by piece is what the response ends with.
 *
 * @throws Error that names the first rule that was broken, and the frame that did.
 */
export function checkStream(frames: readonly SseFrame[]): CheckedStream {
  const said = frames.filter(({ data }) => data !== undefined)
  rule(said.at(-1)?.data === '[DONE]', 'the last frame is [DONE]', said.at(-1))
  const events = said.slice(0, -1).map(eventOf)
  for (const [index, { sequence_number }] of events.entries()) rule(sequence_number === index, 'sequence numbers are 0, 1, 2, …', events[index])
  return { events, response: checkEvents(events) }
}

function eventOf(frame: SseFrame): StreamEvent {
  rule(frame.id === undefined, 'no frame has an id', frame)
  const result = eventSchema.safeParse(JSON.parse(frame.data ?? ''))
  rule(result.success, `every event has its fields: ${result.error?.message ?? ''}`, frame)
  rule(frame.event === result.data.type, 'the name of an event is its type', frame)
  return result.data
}

const TERMINAL = { 'response.completed': ['completed'], 'response.incomplete': ['incomplete'], 'response.failed': ['failed', 'cancelled'] } as const

function checkEvents(events: readonly StreamEvent[]): OpenResponse {
  const [created, ...rest] = events
  rule(created?.type === 'response.created', 'response.created comes first', created)
  const isBackground = created.response.background
  const opening = isBackground ? ['response.queued', 'response.in_progress'] : ['response.in_progress']
  rule(
    opening.every((type, index) => rest[index]?.type === type),
    `then ${opening.join(', ')}`,
    rest[0],
  )
  for (const event of events.slice(0, opening.length + 1)) {
    if (!('response' in event)) continue
    const { id, output, usage, error, status } = event.response
    rule(id === created.response.id, 'the id of a response does not change', event)
    rule(output.length === 0 && usage === null && error === null, 'a response that begins has nothing of its end', event)
    rule(status === (event.type === 'response.in_progress' || !isBackground ? 'in_progress' : 'queued'), 'its status is that of its event', event)
  }
  const items = new Items()
  const last = rest.at(-1)
  for (const event of rest.slice(opening.length, -1)) items.take(event)
  rule(last !== undefined && last.type in TERMINAL, 'the last event is terminal', last)
  const { response } = last as Extract<StreamEvent, { response: unknown }>
  rule(
    (TERMINAL[last.type as keyof typeof TERMINAL] as readonly string[]).includes(response.status),
    'the status of the response is that of its last event',
    last,
  )
  rule(response.id === created.response.id, 'the id of a response does not change', last)
  rule((response.completed_at !== null) === (response.status === 'completed'), 'completed_at is there exactly when it is completed', last)
  rule((response.incomplete_details !== null) === (response.status === 'incomplete'), 'incomplete_details are there exactly when it is incomplete', last)
  rule((response.error !== null) === (last.type === 'response.failed' && response.status === 'failed'), 'an error is there exactly when it has failed', last)
  rule(JSON.stringify(response.output) === JSON.stringify(items.done()), 'its output is the items that were announced as done', last)
  return response
}

interface OpenItem {
  readonly added: Item
  /** The text, or the arguments, that its deltas add up to; by part. */
  readonly texts: Map<number, string>
  readonly closedParts: Set<number>
  saidArguments: boolean
  done: Item | undefined
}

/** The items of a stream while it is read. */
class Items {
  readonly #items: OpenItem[] = []

  take(event: StreamEvent): void {
    switch (event.type) {
      case 'response.output_item.added':
        return this.#add(event)
      case 'response.output_item.done':
        return this.#close(event)
      case 'response.content_part.added':
      case 'response.reasoning_summary_part.added': {
        const { texts } = this.#open(event)
        rule(!texts.has(partOf(event)) && event.part.text === '', 'a part is added once, and empty', event)
        return void texts.set(partOf(event), '')
      }
      case 'response.output_text.delta':
      case 'response.reasoning_summary_text.delta': {
        const { texts, closedParts } = this.#open(event)
        rule(texts.has(partOf(event)) && !closedParts.has(partOf(event)), 'a delta belongs to a part that is open', event)
        rule(event.delta !== '', 'a delta is not empty', event)
        return void texts.set(partOf(event), texts.get(partOf(event))! + event.delta)
      }
      case 'response.output_text.done':
      case 'response.reasoning_summary_text.done':
        return rule(this.#open(event).texts.get(partOf(event)) === event.text, 'a text is the sum of its deltas', event)
      case 'response.content_part.done':
      case 'response.reasoning_summary_part.done': {
        const open = this.#open(event)
        rule(open.texts.get(partOf(event)) === event.part.text, 'a part is the sum of its deltas', event)
        return void open.closedParts.add(partOf(event))
      }
      case 'response.function_call_arguments.delta': {
        const { texts } = this.#open(event)
        return void texts.set(0, (texts.get(0) ?? '') + event.delta)
      }
      case 'response.function_call_arguments.done': {
        const open = this.#open(event)
        rule((open.texts.get(0) ?? event.arguments) === event.arguments, 'arguments are the sum of their deltas', event)
        open.texts.set(0, event.arguments)
        open.saidArguments = true
        return
      }
      default:
        return rule(false, 'between beginning and end there are only events of items', event)
    }
  }

  /** All items as they ended. */
  done(): readonly Item[] {
    return this.#items.map((item, index) => {
      rule(item.done !== undefined, 'every item that was added is done', { output_index: index })
      return item.done
    })
  }

  #add(event: Extract<StreamEvent, { type: 'response.output_item.added' }>): void {
    const { output_index, item } = event
    rule(output_index === this.#items.length, 'items are added in order', event)
    rule(item.status === 'in_progress', 'an item that is added is in progress', event)
    rule(!this.#items.some(({ added }) => added.id === item.id), 'the id of an item is its own', event)
    rule(isEmpty(item), 'an item that is added is empty', event)
    this.#items.push({ added: item, texts: new Map(), closedParts: new Set(), saidArguments: false, done: undefined })
  }

  #close(event: Extract<StreamEvent, { type: 'response.output_item.done' }>): void {
    const { item, output_index } = event
    const open = this.#items[output_index]
    rule(open !== undefined && open.done === undefined, 'an item that is done was open', event)
    rule(open.added.id === item.id && open.added.type === item.type, 'an item stays what it is', event)
    rule(item.status !== 'in_progress', 'an item that is done is not in progress', event)
    const parts = item.type === 'message' ? item.content.map(({ text }) => text) : item.type === 'reasoning' ? item.summary.map(({ text }) => text) : undefined
    if (parts) rule(JSON.stringify(parts) === JSON.stringify([...open.texts.values()]) && open.closedParts.size === parts.length, 'an item is its parts', event)
    if (item.type === 'function_call' && item.status === 'completed')
      rule(open.saidArguments && open.texts.get(0) === item.arguments, 'a call has the arguments that were announced', event)
    open.done = item
  }

  #open(event: { readonly item_id: string; readonly output_index: number }): OpenItem {
    const open = this.#items[event.output_index]
    rule(open !== undefined && open.done === undefined && open.added.id === event.item_id, 'an event belongs to an item that is open', event)
    return open
  }
}

/** Apart from what the server's own tools say, which has no deltas. */
function isEmpty(item: Item): boolean {
  switch (item.type) {
    case 'message':
      return item.content.length === 0
    case 'reasoning':
      return item.summary.length === 0
    case 'function_call':
      return item.arguments === ''
    case 'function_call_output':
      return true
  }
}

function partOf(event: { readonly content_index: number } | { readonly summary_index: number }): number {
  return 'content_index' in event ? event.content_index : event.summary_index
}

function rule(holds: boolean, what: string, where: unknown): asserts holds {
  if (!holds) throw new Error(`Broken: ${what}. In: ${JSON.stringify(where)?.slice(0, 600)}`)
}
