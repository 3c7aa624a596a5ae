import type { Random } from './random.ts'
import type { ApiAnswer, ApiClient } from './api-client.ts'

/** One thing that a client does; rejects when it is answered otherwise than it should be. */
export type MixedRequest = (api: ApiClient, random: Random) => Promise<void>

/** Everything that clients do with a gateway, what is refused and what is broken off halfway included. */
export const MIXED_REQUESTS: Readonly<Record<string, MixedRequest>> = {
  async health(api) {
    expectStatus(await api.get('/health'), 200)
  },
  async models(api) {
    expectStatus(await api.get('/v1/models'), 200)
  },
  async chat(api) {
    expectStatus(await api.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello' }] }), 200)
  },
  async 'chat stream'(api, random) {
    const { frames } = await api.stream('POST', '/v1/chat/completions', {
      body: { messages: [{ role: 'user', content: `!stream ${random.integer(1, 50)} chunks` }], stream: true },
    })
    for await (const _ of frames);
  },
  async 'chat stream, left early'(api) {
    const { frames } = await api.stream('POST', '/v1/chat/completions', {
      body: { messages: [{ role: 'user', content: '!stream 100 chunks every 5ms' }], stream: true },
    })
    for await (const { data } of frames) if (data?.includes('"content"')) break
  },
  async response(api) {
    const created = await api.post('/v1/responses', { input: '!think Hm.\n!say Hello' })
    expectStatus(created, 200)
    expectStatus(await api.get(`/v1/responses/${created.json.id}`), 200)
    expectStatus(await api.ask('DELETE', `/v1/responses/${created.json.id}`), 200)
  },
  async 'response stream, left and resumed'(api) {
    const { frames } = await api.stream('POST', '/v1/responses', { body: { input: '!stream 10 chunks every 1ms', stream: true, background: true } })
    let id = ''
    for await (const { data } of frames) {
      id = JSON.parse(data!).response.id
      break
    }
    const rest = await api.stream('GET', `/v1/responses/${id}?stream=true&starting_after=3`)
    for await (const _ of rest.frames);
  },
  async run(api) {
    const { json } = await api.post('/v1/runs', { input: '!call current_time {"time_zone":"UTC"}\n!then\n!say {result}' })
    const { frames } = await api.stream('GET', `/v1/runs/${json.run_id}/events`)
    for await (const _ of frames);
    expectStatus(await api.get(`/v1/runs/${json.run_id}`), 200)
  },
  async session(api) {
    const { json } = await api.post('/api/sessions', { title: 'mixed' })
    const path = `/api/sessions/${json.session.id}`
    expectStatus(await api.post(`${path}/chat`, { message: 'Hello' }), 200)
    expectStatus(await api.get(`${path}/messages`), 200)
    expectStatus(await api.ask('DELETE', path), 200)
  },
  async 'list of sessions'(api) {
    expectStatus(await api.get('/api/sessions?limit=50'), 200)
  },
  async search(api) {
    expectStatus(await api.get('/api/sessions/search?q=Hello'), 200)
  },
  async conversation(api) {
    const { json } = await api.post('/v1/conversations', { items: [{ role: 'user', content: 'Hello' }] })
    expectStatus(await api.get(`/v1/conversations/${json.id}/items`), 200)
    expectStatus(await api.ask('DELETE', `/v1/conversations/${json.id}`), 200)
  },
  async 'the same twice'(api, random) {
    const request = { body: { input: '!say once' }, headers: { 'Idempotency-Key': String(random.next()) } }
    const [one, other] = await Promise.all([api.ask('POST', '/v1/responses', request), api.ask('POST', '/v1/responses', request)])
    if (one.json.id !== other.json.id) throw new Error('A request that came twice was done twice.')
  },
  async 'a wrong key'(api) {
    expectStatus(await api.get('/v1/models', { headers: { Authorization: 'Bearer something-else-altogether' } }), 401, 429)
  },
  async 'no JSON'(api) {
    expectStatus(await api.post('/v1/chat/completions', '{"messages": ['), 400)
  },
  async 'a model that fails'(api) {
    expectStatus(await api.post('/v1/chat/completions', { messages: [{ role: 'user', content: '!fail 400' }] }), 502)
  },
  async 'not there'(api) {
    expectStatus(await api.get('/v1/responses/resp_unknown'), 404)
  },
  async metrics(api) {
    expectStatus(await api.get('/metrics'), 200)
  },
}

function expectStatus({ status, text }: ApiAnswer, ...expected: readonly number[]): void {
  if (!expected.includes(status)) throw new Error(`Answered ${status} instead of ${expected.join(' or ')}: ${text.slice(0, 300)}`)
}
