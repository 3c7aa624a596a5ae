import { expect } from 'vitest'
import type { ApiAnswer, ApiClient, ApiRequest } from '../testing/api-client.ts'
import type { SseFrame } from '../testing/sse-frames.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from '../testing/random.ts'

/** One thing that a client does. It notes in the ledger what it is told, as it is told; it rejects when the gateway dies. */
export type Operation = (api: ApiClient, ledger: Ledger, random: Random) => Promise<void>

/** What every client of the API does, in all the ways that acknowledge something. */
export const OPERATIONS: readonly Operation[] = [chat, chatStream, response, responseStream, run, sessionLife, sessionEnd, conversationItems]

async function chat(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const marker = ledger.marker()
  const said = `answer to ${marker}`
  const content = `${marker}\n!say ${said}`
  const answer = await postOnce(api, ledger, random, { path: '/v1/chat/completions', body: { messages: [{ role: 'user', content }] }, marker })
  const session = answer.headers['x-talaria-session-id']!
  ledger.promise(async (later) => {
    const { data } = (await ok(later.get(`/api/sessions/${session}/messages`))).json
    expect(data.map((message: { content: string }) => message.content)).toEqual([content, said])
  })
}

/** A chat stream has no ids to come back with: only that it was accepted is promised, and its text once it is whole. */
async function chatStream(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const marker = ledger.marker()
  const body = { messages: [{ role: 'user', content: `${marker}\n${longScript(random)}` }], stream: true }
  const stream = await api.stream('POST', '/v1/chat/completions', { body })
  expect(stream.status, stream.refusal).toBe(200)
  ledger.accept(marker)
  const run = stream.headers['x-talaria-run-id']!
  let text = ''
  for await (const { data } of stream.frames) {
    if (data === undefined || data === '[DONE]') continue
    const { choices, error } = JSON.parse(data)
    if (error) throw new Error(error.code)
    text += choices[0]?.delta.content ?? ''
  }
  ledger.promise(async (later) => {
    expect((await ok(later.get(`/v1/runs/${run}`))).json).toMatchObject({ status: 'completed', output: text })
  })
}

async function response(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const marker = ledger.marker()
  const first = await postOnce(api, ledger, random, { path: '/v1/responses', body: { input: `${marker}\n!think Hm.\n!say answer to ${marker}` }, marker })
  const stored = async (later: ApiClient) => expect((await ok(later.get(`/v1/responses/${first.json.id}`))).json).toEqual(first.json)
  ledger.promise(stored)

  const next = ledger.marker()
  const second = await postOnce(api, ledger, random, {
    path: '/v1/responses',
    body: { input: `${next}\n!say and ${next}`, previous_response_id: first.json.id },
    marker: next,
  })
  ledger.promise(async (later) => {
    const { data } = (await ok(later.get(`/v1/responses/${second.json.id}/input_items`))).json
    expect(data.map((item: { content: { text: string }[] }) => item.content[0]!.text)).toEqual([`${next}\n!say and ${next}`])
  })
}

/** Frames that were received come again, the very same, and the ones after them without a gap. */
async function responseStream(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const marker = ledger.marker()
  const body = { input: `${marker}\n!think Let me see.\n${longScript(random)}`, stream: true, background: random.chance(0.5) }
  const headers: Record<string, string> = random.chance(0.5) ? { 'Idempotency-Key': marker } : {}
  const seen: SseFrame[] = []
  let id: string | undefined
  if ('Idempotency-Key' in headers) {
    ledger.repeat(async (later) => {
      const again = await later.stream('POST', '/v1/responses', { body, headers })
      expect(again.status).toBe(200)
      expect((await Array.fromAsync(again.frames)).slice(0, seen.length)).toEqual(seen)
      ledger.accept(marker)
    })
  }
  ledger.promise(async (later) => {
    if (id === undefined) return
    const all = await Array.fromAsync((await later.stream('GET', `/v1/responses/${id}?stream=true`)).frames)
    expect(all.slice(0, seen.length)).toEqual(seen)
    expect(all.slice(0, -1).map(numberOf)).toEqual(all.slice(0, -1).map((_, index) => index))
    expect(all.at(-2)!.event).toMatch(/^response\.(completed|failed)$/)
    const last = seen.at(-1)!
    const rest =
      last.data === '[DONE]'
        ? []
        : await Array.fromAsync((await later.stream('GET', `/v1/responses/${id}?stream=true&starting_after=${numberOf(last)}`)).frames)
    expect([...seen, ...rest]).toEqual(all)
  })
  const stream = await api.stream('POST', '/v1/responses', { body, headers })
  expect(stream.status, stream.refusal).toBe(200)
  ledger.accept(marker)
  for await (const frame of stream.frames) {
    if (frame.event === 'error') throw new Error(JSON.parse(frame.data!).code)
    seen.push(frame)
    id ??= JSON.parse(frame.data!).response.id as string
  }
}

/** A run that was submitted is there, and its events with ids are the same ones for whoever follows later. */
async function run(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const marker = ledger.marker()
  const submitted = await postOnce(api, ledger, random, { path: '/v1/runs', body: { input: `${marker}\n${longScript(random)}` }, marker })
  const { run_id: id } = submitted.json
  const seen: SseFrame[] = []
  ledger.promise(async (later) => {
    const { frames } = await later.stream('GET', `/v1/runs/${id}/events`)
    const all = (await Array.fromAsync(frames)).filter(({ data }) => data !== undefined)
    expect(all.slice(0, seen.length)).toEqual(seen)
    const resumed = await later.stream('GET', `/v1/runs/${id}/events`, { headers: { 'Last-Event-ID': seen.at(-1)?.id ?? '' } })
    expect([...seen, ...(await Array.fromAsync(resumed.frames)).filter(({ data }) => data !== undefined)]).toEqual(all)
  })
  const { frames } = await api.stream('GET', `/v1/runs/${id}/events`)
  for await (const frame of frames) if (frame.data !== undefined) seen.push(frame)
}

/** A session is made, named, and spoken in. */
async function sessionLife(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const { id } = (await ok(api.post('/api/sessions', { title: 'new' }), 201)).json.session
  const path = `/api/sessions/${id}`
  // Of a change that was not acknowledged, either side may be found.
  const titles = new Set(['new'])
  const spoken: string[] = []
  ledger.promise(async (later) => {
    const { session } = (await ok(later.get(path))).json
    expect(titles).toContain(session.title)
    const { data } = (await ok(later.get(`${path}/messages`))).json
    expect(data).toHaveLength(session.message_count)
    const texts = data.map((message: { content: string }) => message.content) as string[]
    expect(texts.filter((text) => spoken.includes(text))).toEqual(spoken)
  })
  titles.add(`named ${id}`)
  await ok(api.ask('PATCH', path, { body: { title: `named ${id}` } }))
  titles.delete('new')
  for (let turn = 0; turn < 2; turn++) {
    const marker = ledger.marker()
    const message = `${marker}\n!say answer to ${marker}`
    await postOnce(api, ledger, random, { path: `${path}/chat`, body: { message }, marker })
    spoken.push(message, `answer to ${marker}`)
  }
}

/** A session that was deleted stays so. */
async function sessionEnd(api: ApiClient, ledger: Ledger): Promise<void> {
  const { id } = (await ok(api.post('/api/sessions', {}), 201)).json.session
  let isDeleted = false
  let isAsked = false
  ledger.promise(async (later) => {
    const { status } = await later.get(`/api/sessions/${id}`)
    if (isDeleted || !isAsked) expect(status).toBe(isDeleted ? 404 : 200)
  })
  isAsked = true
  await ok(api.ask('DELETE', `/api/sessions/${id}`))
  isDeleted = true
}

/** What was added to a conversation under a key is in it once. */
async function conversationItems(api: ApiClient, ledger: Ledger, random: Random): Promise<void> {
  const { id } = (await ok(api.post('/v1/conversations', {}))).json
  const sent: string[] = []
  ledger.promise(async (later) => {
    const { data } = (await ok(later.get(`/v1/conversations/${id}/items?order=asc&limit=100`))).json
    expect(data.map((item: { content: { text: string }[] }) => item.content[0]!.text)).toEqual(sent)
  })
  for (let index = 0; index < 5; index++) {
    const text = `${id} ${index}`
    sent.push(text)
    const request = { body: { items: [{ role: 'user', content: text }] }, headers: { 'Idempotency-Key': `${id}-${index}` } }
    let answer: ApiAnswer | undefined
    ledger.repeat(async (later) => {
      const again = await ok(later.ask('POST', `/v1/conversations/${id}/items`, request))
      if (answer) expect(again.json).toEqual(answer.json)
    })
    answer = await ok(api.ask('POST', `/v1/conversations/${id}/items`, request))
    if (random.chance(0.2)) return
  }
}

/**
 * A POST that is answered as a whole; sometimes under a key, and then repeated when the gateway is back: whether it was
 * answered before or not, it is done once, and an answer that was given is given again.
 */
async function postOnce(
  api: ApiClient,
  ledger: Ledger,
  random: Random,
  { path, body, marker }: { readonly path: string; readonly body: unknown; readonly marker: string },
): Promise<ApiAnswer> {
  const withKey = random.chance(0.5)
  const request: ApiRequest = { body, headers: withKey ? { 'Idempotency-Key': marker } : {} }
  let answer: ApiAnswer | undefined
  if (withKey) {
    ledger.repeat(async (later) => {
      const again = await later.ask('POST', path, request)
      if (answer) {
        expect(again.json).toEqual(answer.json)
        expect(again.headers['idempotency-replayed']).toBe('true')
      }
      // Of a run that was interrupted without a word the answer is that it was.
      if (again.json?.error?.code !== 'run_interrupted' && again.status !== 502) expect(again.status, again.text).toBeLessThan(300)
      ledger.accept(marker)
    })
  }
  answer = await ok(api.ask('POST', path, request), path === '/v1/runs' ? 202 : 200)
  ledger.accept(marker)
  return answer
}

/** Speech that lasts long enough to be cut, or not. */
function longScript(random: Random): string {
  return `!stream ${random.integer(5, 60)} chunks every ${random.integer(1, 15)}ms word{n} `
}

async function ok(asking: Promise<ApiAnswer>, status = 200): Promise<ApiAnswer> {
  const answer = await asking
  expect(answer.status, answer.text).toBe(status)
  return answer
}

function numberOf({ data }: SseFrame): number {
  return (JSON.parse(data ?? '') as { sequence_number: number }).sequence_number
}
