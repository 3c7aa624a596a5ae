import OpenAI, { AuthenticationError, BadRequestError, ConflictError, InternalServerError, NotFoundError, PermissionDeniedError, RateLimitError } from 'openai'
import { expect, test } from 'vitest'
import { useGateway } from '../testing/use-gateway.ts'

const shared = useGateway({ env: { API_SERVER_MAX_CONCURRENT_RUNS: '1' } })
const ask = (content: string) => ({ model: 'talaria', messages: [{ role: 'user' as const, content }] })

/** What a call is refused with. */
async function refusalOf(call: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  return Promise.resolve(call).then(
    () => Promise.reject(new Error('It was not refused.')),
    (error: InstanceType<typeof OpenAI.APIError>) => error,
  )
}

test.for([
  [
    'a wrong key is an AuthenticationError',
    AuthenticationError,
    'gateway_auth_failed',
    (client) => client.withOptions({ apiKey: 'sk-something-else-altogether' }).models.list(),
  ],
  ['a bad value is a BadRequestError', BadRequestError, 'invalid_value', (client) => client.chat.completions.create({ ...ask('x'), temperature: 9 })],
  ['what is not supported is refused by name', BadRequestError, 'unsupported_parameter', (client) => client.chat.completions.create({ ...ask('x'), n: 3 })],
  ['what is not there is a NotFoundError', NotFoundError, 'response_not_found', (client) => client.responses.retrieve('resp_unknown')],
  ['an unknown model is not found', NotFoundError, 'model_not_found', (client) => client.models.retrieve('unknown')],
  [
    'a model that fails is an InternalServerError',
    InternalServerError,
    'agent_failed',
    (client) => client.chat.completions.create(ask('!fail 400 no such thing')),
  ],
] satisfies [string, unknown, string, (client: OpenAI) => PromiseLike<unknown>][])(
  '%s, with its code and the id of the request',
  async ([, kind, code, call]) => {
    const error = await refusalOf(call(shared.openai()))
    expect(error).toBeInstanceOf(kind)
    expect(error.code).toBe(code)
    expect(error.requestID).toMatch(/^req_/)
    expect(error.message).not.toContain(shared.gateway.key)
  },
)

test('a key without the scope is a PermissionDeniedError', async () => {
  const { json } = await shared.gateway.api.post('/api/keys', { name: 'reader', scopes: ['read'] })
  const reader = shared.openai({ apiKey: json.key })
  expect((await Array.fromAsync(reader.models.list())).length).toBeGreaterThan(0)
  expect(await refusalOf(reader.chat.completions.create(ask('x')))).toBeInstanceOf(PermissionDeniedError)
})

test('a key of idempotency that came with another body is a ConflictError', async () => {
  const headers = { 'Idempotency-Key': 'once' }
  await shared.openai().chat.completions.create(ask('!say one'), { headers })
  expect(await refusalOf(shared.openai().chat.completions.create(ask('!say two'), { headers }))).toBeInstanceOf(ConflictError)
})

test('every answer carries the id of its request', async () => {
  const completion = await shared.openai().chat.completions.create(ask('!say x'))
  expect(completion._request_id).toMatch(/^req_/)
  const response = await shared.openai().responses.create({ model: 'talaria', input: '!say x' })
  expect(response._request_id).toMatch(/^req_/)
  expect(response._request_id).not.toBe(completion._request_id)
})

test('a client that is over the limit waits as long as it is told, and then gets its answer', async () => {
  const client = shared.openai({ maxRetries: 3 })
  const first = await client.chat.completions.create({ ...ask('!stream 60 chunks every 20ms'), stream: true })
  expect(await refusalOf(client.withOptions({ maxRetries: 0 }).chat.completions.create(ask('!say x')))).toBeInstanceOf(RateLimitError)

  const attempts: { readonly at: number; readonly status: number; readonly retryAfter: string | null }[] = []
  const watched = client.withOptions({
    async fetch(url, init) {
      const at = performance.now()
      const response = await fetch(url, init)
      attempts.push({ at, status: response.status, retryAfter: response.headers.get('retry-after') })
      return response
    },
  })
  const [second] = await Promise.all([watched.chat.completions.create(ask('!say after all')), Array.fromAsync(first)])
  expect(second.choices[0]!.message.content).toBe('after all')
  expect(attempts[0]).toMatchObject({ status: 429, retryAfter: '1' })
  expect(attempts.at(-1)!.status).toBe(200)
  expect(attempts[1]!.at - attempts[0]!.at).toBeGreaterThanOrEqual(990)
})

test('a call that the client gives up ends its run', async () => {
  const gone = new AbortController()
  const stream = await shared.openai().chat.completions.create({ ...ask('!say begun\n!hang'), stream: true }, { signal: gone.signal })
  for await (const _ of stream) break
  gone.abort()
  // With one run allowed at a time, the next is admitted only when that one has ended.
  const next = await shared.openai({ maxRetries: 5 }).chat.completions.create(ask('!say free again'))
  expect(next.choices[0]!.message.content).toBe('free again')
})
