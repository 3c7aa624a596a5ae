import { describe, expect, test } from 'vitest'
import { useGateway } from '../testing/use-gateway.ts'
import { PythonApiError, readAsPythonDoes } from './read-as-python-does.ts'

/**
 * The wire format of openai-python, by fixture: what it sends, and how it reads. The client itself is not run here,
 * because Debian has no package of it.
 */

const shared = useGateway({ env: { API_SERVER_STREAM_KEEPALIVE: '50ms' } })

/** As openai-python 2.x with httpx sends them, without the ones that name this machine. */
const HEADERS = {
  Accept: 'application/json',
  'Accept-Encoding': 'gzip, deflate',
  Connection: 'keep-alive',
  'Content-Type': 'application/json',
  'User-Agent': 'OpenAI/Python 2.8.0',
  'X-Stainless-Lang': 'python',
  'X-Stainless-Package-Version': '2.8.0',
  'X-Stainless-OS': 'Linux',
  'X-Stainless-Arch': 'x64',
  'X-Stainless-Runtime': 'CPython',
  'X-Stainless-Runtime-Version': '3.11.2',
  'X-Stainless-Async': 'false',
  'x-stainless-retry-count': '0',
  'x-stainless-read-timeout': '600',
}

const post = (path: string, body: string) => shared.gateway.api.post(path, body, { headers: HEADERS })
const get = (path: string) => shared.gateway.api.get(path, { headers: HEADERS })

describe('what openai-python sends', () => {
  test('JSON of Python is understood, pairs of escaped surrogates too', async () => {
    const { json, headers } = await post(
      '/v1/chat/completions',
      '{"messages": [{"role": "user", "content": "!say Gr\\u00fc\\u00dfe \\ud83d\\ude42"}], "model": "talaria"}',
    )
    expect(json.choices[0].message.content).toBe('Grüße 🙂')
    expect(headers['x-request-id']).toMatch(/^req_/)
  })

  test('a response is created, and found again with the query as Python writes it', async () => {
    const created = await post('/v1/responses', '{"input":"!say one two","model":"talaria","metadata":{"k":"v"}}')
    expect(created.json).toMatchObject({ status: 'completed', metadata: { k: 'v' } })
    const query = 'include%5B%5D=reasoning.encrypted_content&include_obfuscation=false&stream=true&starting_after=1'
    const replay = readAsPythonDoes((await get(`/v1/responses/${created.json.id}?${query}`)).text)
    expect(replay.map((event) => event['sequence_number'])).toEqual(replay.map((_, index) => index + 2))
    expect(replay.at(-1)).toMatchObject({ type: 'response.completed', response: created.json })
  })

  test('pages are asked for by the id of the last item', async () => {
    const { json } = await post(
      '/v1/responses',
      '{"input":[{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"user","content":"c"}],"model":"talaria"}',
    )
    const first = (await get(`/v1/responses/${json.id}/input_items?limit=2&order=asc`)).json
    const second = (await get(`/v1/responses/${json.id}/input_items?limit=2&order=asc&after=${first.last_id}`)).json
    expect([first.has_more, second.has_more]).toEqual([true, false])
    expect([...first.data, ...second.data].map((item) => item.content[0].text)).toEqual(['a', 'b', 'c'])
  })

  test('a DELETE without a body but with a content type is understood', async () => {
    const { json } = await post('/v1/conversations', '{}')
    expect((await shared.gateway.api.ask('DELETE', `/v1/conversations/${json.id}`, { headers: HEADERS })).json).toMatchObject({ deleted: true })
  })
})

describe('how openai-python reads', () => {
  test('a quiet stream of responses, comments and all', async () => {
    const { text, headers } = await post('/v1/responses', '{"input":"!stream 3 chunks every 120ms word{n} ","model":"talaria","stream":true}')
    expect(headers['content-encoding']).toBeUndefined()
    expect(text).toContain(': keep-alive')
    const events = readAsPythonDoes(text)
    expect(
      events
        .map((event) => (event['type'] === 'response.output_text.delta' ? (event['delta'] as string) : ''))
        .join('')
        .trim(),
    ).toBe('word1 word2 word3')
    expect(events.at(-1)).toMatchObject({ type: 'response.completed' })
  })

  test('a quiet stream of chat chunks, comments and all', async () => {
    const { text } = await post(
      '/v1/chat/completions',
      '{"messages":[{"role":"user","content":"!stream 3 chunks every 120ms word{n} "}],"model":"talaria","stream":true}',
    )
    expect(text).toContain(': keep-alive')
    const chunks = readAsPythonDoes(text) as { choices: { delta: { content?: string } }[] }[]
    expect(
      chunks
        .map((chunk) => chunk.choices[0]?.delta.content ?? '')
        .join('')
        .trim(),
    ).toBe('word1 word2 word3')
  })

  test('a chat stream that fails raises', async () => {
    const { text } = await post(
      '/v1/chat/completions',
      '{"messages":[{"role":"user","content":"!say Half of an\\n!fail ECONNRESET"}],"model":"talaria","stream":true}',
    )
    expect(() => readAsPythonDoes(text)).toThrow(PythonApiError)
  })

  test('a response that fails is told by its last event, not raised', async () => {
    const { text } = await post('/v1/responses', '{"input":"!say Half of an\\n!fail ECONNRESET","model":"talaria","stream":true}')
    expect(readAsPythonDoes(text).at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed' } })
  })

  test('ids on frames would raise at the next comment, which is why there are none', () => {
    expect(() => readAsPythonDoes('id: 1\ndata: {}\n\n: keep-alive\n\n')).toThrow(SyntaxError)
  })
})
