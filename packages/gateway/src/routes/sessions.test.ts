import { DatabaseError } from '@talaria/db'
import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../test/api-client.ts'
import { refusing } from '../../test/changed-store.ts'
import { dataOf, readFrames } from '../../test/frames.ts'
import { startTestGateway, type TestGateway } from '../../test/start-test-gateway.ts'
import { TestAgent, type TestRun } from '../../test/test-agent.ts'

checkForLeaks()

const create = async (t: TestGateway, body: object = {}): Promise<Json> => (await t.api.json(t.api.post('/api/sessions', body))).session
const get = async (t: TestGateway, id: string): Promise<Json> => (await t.api.json(t.api.get(`/api/sessions/${id}`))).session
const say = async (t: TestGateway, id: string, message: string): Promise<Json> => t.api.json(t.api.post(`/api/sessions/${id}/chat`, { message }))
const list = async (t: TestGateway, query = ''): Promise<Json> => t.api.json(t.api.get(`/api/sessions${query}`))
const messages = async (t: TestGateway, id: string, query = ''): Promise<Json> => t.api.json(t.api.get(`/api/sessions/${id}/messages${query}`))
const contents = (page: Json) => page.data.map((message: Json) => message.content)

describe('a session', () => {
  test('is made with what it is given, and found as it was made, without what it tells its agent', async () => {
    await using t = await startTestGateway()
    const response = await t.api.post('/api/sessions', { title: ' Mine ', model: 'gpt-5', system_prompt: 'Be a secret pirate.', metadata: { a: [1] } })
    expect(response.status).toBe(201)
    const body = (await response.json()) as Json
    expect(body).toMatchObject({
      object: 'talaria.session',
      session: {
        id: expect.stringMatching(/^ses_[0-9a-f]{32}$/),
        title: 'Mine',
        model: 'gpt-5',
        metadata: { a: [1] },
        source: 'api',
        owner: 'root',
        message_count: 0,
        pinned: false,
        ended_at: null,
        has_system_prompt: true,
        started_at: expect.any(Number),
      },
    })
    expect(await get(t, body.session.id)).toEqual(body.session)
    expect(JSON.stringify(body)).not.toContain('pirate')
  })

  test('may be given an id, which nobody can have twice, not even after it was deleted', async () => {
    await using t = await startTestGateway()
    await create(t, { id: 'mine' })
    expect(await t.api.refusal(t.api.post('/api/sessions', { session_id: 'mine' }))).toEqual({ status: 409, code: 'session_exists', param: 'id' })
    expect(await t.api.json(t.api.delete('/api/sessions/mine'))).toEqual({ object: 'talaria.session.deleted', id: 'mine', deleted: true })
    expect((await t.api.refusal(t.api.post('/api/sessions', { id: 'mine' }))).status).toBe(409)
    for (const id of ['', 'a/b', '..', 'a'.repeat(257), 'ü']) expect((await t.api.refusal(t.api.post('/api/sessions', { id }))).status).toBe(400)
  })

  test('may have the title of another', async () => {
    await using t = await startTestGateway()
    await create(t, { title: 'Trip' })
    expect((await t.api.post('/api/sessions', { title: 'Trip' })).status).toBe(201)
    expect((await t.api.json(t.api.get('/api/sessions'))).data).toHaveLength(2)
  })

  test('is changed in what is named, all of it or nothing', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, { title: 'Mine', metadata: { a: 1 } })
    const changed = (
      await t.api.json(
        t.api.patch(`/api/sessions/${id}`, {
          pinned: true,
          hidden: true,
          archived: true,
          unread: true,
          title: null,
          model: 'o3',
          metadata: { b: 2 },
          end_reason: 'done',
        }),
      )
    ).session
    expect(changed).toMatchObject({
      pinned: true,
      hidden: true,
      archived: true,
      unread: true,
      title: null,
      model: 'o3',
      metadata: { b: 2 },
      end_reason: 'done',
      ended_at: expect.any(Number),
    })
    expect(await get(t, id)).toEqual(changed)
    for (const [body, code, param] of [
      [{ title: 'New', color: 'red' }, 'unknown_parameter', 'color'],
      [{ title: 'New', pinned: 'yes' }, 'invalid_value', 'pinned'],
      [{ title: '   ' }, 'invalid_value', 'title'],
      [{ title: 'x'.repeat(201) }, 'invalid_value', 'title'],
    ] as const) {
      expect(await t.api.refusal(t.api.patch(`/api/sessions/${id}`, body))).toEqual({ status: 400, code, param })
    }
    expect(await get(t, id)).toEqual(changed)
    expect((await t.api.json(t.api.patch(`/api/sessions/${id}`, {}))).session).toEqual(changed)
  })

  test('that is deleted is gone for everybody at once, with its responses, and what runs in it ends', async () => {
    await using t = await startTestGateway({ agent: new TestAgent() })
    const { id } = await create(t)
    const response = t.api.post('/v1/responses', { input: 'Hello', background: true }, { headers: { 'X-Talaria-Session-Id': id } })
    const { id: responseId } = (await (await response).json()) as Json
    const run = await t.agent.next()
    await t.api.json(t.api.delete(`/api/sessions/${id}`))
    expect(await run.ended).toMatchObject({ code: 'session_deleted' })
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['GET', '/messages', undefined],
      ['PATCH', '', {}],
      ['DELETE', '', undefined],
      ['POST', '/fork', {}],
      ['POST', '/chat', { message: 'x' }],
      ['POST', '/chat/stream', { message: 'x' }],
    ] as const) {
      expect(await t.api.refusal(t.api.call(method, `/api/sessions/${id}${path}`, { body }))).toEqual({
        status: 404,
        code: 'session_not_found',
        param: 'session_id',
      })
    }
    expect((await t.api.refusal(t.api.get(`/v1/responses/${responseId}`))).status).toBe(404)
    expect((await list(t)).data).toEqual([])
    expect(
      (await t.api.refusal(t.api.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'x' }] }, { headers: { 'X-Talaria-Session-Id': id } })))
        .status,
    ).toBe(404)
  })

  test('counts what was said and what it cost, and shows how it began to end', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    await say(t, id, 'one')
    await say(t, id, 'two')
    expect(await get(t, id)).toMatchObject({ message_count: 4, input_tokens: 6, output_tokens: 10, total_tokens: 16, preview: 'You said: two' })
  })
})

describe('the list of sessions', () => {
  test('has pinned ones first, then those in which something happened last', async () => {
    await using t = await startTestGateway()
    for (const id of ['a', 'b', 'c', 'd']) await create(t, { id })
    await say(t, 'b', 'Hello')
    await t.api.json(t.api.patch('/api/sessions/a', { pinned: true }))
    expect((await list(t)).data.map(({ id }: Json) => id)).toEqual(['a', 'b', 'd', 'c'])
  })

  test('is read a page at a time, without losing or repeating one that is there all the time', async () => {
    await using t = await startTestGateway()
    for (let n = 0; n < 12; n++) await create(t, { id: `s${n}` })
    await t.api.json(t.api.patch('/api/sessions/s3', { pinned: true }))
    const seen: string[] = []
    let after: string | null = ''
    for (let pages = 0; after !== null; pages++) {
      const page: Json = await list(t, `?limit=5${after && `&after=${after}`}`)
      seen.push(...page.data.map(({ id }: Json) => id as string))
      expect(page.has_more).toBe(page.next_cursor !== null)
      after = page.next_cursor
      // What is made meanwhile stands at the top, and moves nothing below.
      await create(t, { id: `new${pages}` })
    }
    expect(seen).toEqual(['s3', 's11', 's10', 's9', 's8', 's7', 's6', 's5', 's4', 's2', 's1', 's0'])
  })

  test('leaves out what was archived or hidden, and shows it to who asks', async () => {
    await using t = await startTestGateway()
    for (const id of ['plain', 'archived', 'hidden']) await create(t, { id })
    await t.api.json(t.api.patch('/api/sessions/archived', { archived: true }))
    await t.api.json(t.api.patch('/api/sessions/hidden', { hidden: true }))
    await t.api.json(t.api.post('/api/sessions/plain/fork', { id: 'fork' }))
    const ids = async (query: string) => (await list(t, query)).data.map(({ id }: Json) => id)
    expect(await ids('')).toEqual(['fork', 'plain'])
    expect(await ids('?archived=true')).toEqual(['archived'])
    expect(await ids('?hidden=1')).toEqual(['hidden'])
    expect(await ids('?parent_session_id=plain')).toEqual(['fork'])
    expect(await ids('?source=telegram')).toEqual([])
  })

  test.each([
    ['?limit=0', 'invalid_value', 'limit'],
    ['?limit=201', 'invalid_value', 'limit'],
    ['?limit=ten', 'invalid_value', 'limit'],
    ['?after=nonsense', 'invalid_pagination', 'after'],
    ['?after=eyJhIjoxfQ', 'invalid_pagination', 'after'],
    ['?archived=perhaps', 'invalid_value', 'archived'],
  ])('%s is refused', async (query, code, param) => {
    await using t = await startTestGateway()
    expect(await t.api.refusal(t.api.get(`/api/sessions${query}`))).toEqual({ status: 400, code, param })
  })
})

describe('the messages of a session', () => {
  test('are read forwards, from either end, a page at a time', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    for (const word of ['one', 'two', 'three']) await say(t, id, word)
    const all = await messages(t, id)
    expect(contents(all)).toEqual(['one', 'You said: one', 'two', 'You said: two', 'three', 'You said: three'])
    expect(all).toMatchObject({
      object: 'list',
      session_id: id,
      has_more: false,
      pagination: { order: 'latest', limit: 500, returned: 6, first_position: all.data[0].position, last_position: all.data[5].position },
    })
    expect(all.data[1]).toMatchObject({
      object: 'talaria.message',
      role: 'assistant',
      run_id: all.data[0].run_id,
      finish_reason: 'stop',
      tool_calls: null,
      timestamp: expect.any(Number),
    })
    const latest = await messages(t, id, '?limit=2')
    expect([contents(latest), latest.has_more]).toEqual([['three', 'You said: three'], true])
    expect(contents(await messages(t, id, `?limit=2&before=${latest.pagination.first_position}`))).toEqual(['two', 'You said: two'])
    const oldest = await messages(t, id, '?limit=2&order=oldest')
    expect([contents(oldest), oldest.has_more]).toEqual([['one', 'You said: one'], true])
    expect(contents(await messages(t, id, `?order=oldest&after=${oldest.pagination.last_position}`))).toEqual([
      'two',
      'You said: two',
      'three',
      'You said: three',
    ])
    for (const query of ['?limit=501', '?order=random', '?after=-1', '?before=x'])
      expect((await t.api.refusal(t.api.get(`/api/sessions/${id}/messages${query}`))).code).toBe('invalid_value')
  })
})

describe('a fork', () => {
  test('begins with a copy of what was said, and then goes its own way', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, { title: 'Trip', model: 'gpt-5', system_prompt: 'Be brief.' })
    await say(t, id, 'one')
    const response = await t.api.post(`/api/sessions/${id}/fork`, {})
    expect(response.status).toBe(201)
    const { session } = (await response.json()) as Json
    expect(session).toMatchObject({ title: 'Trip (fork)', model: 'gpt-5', parent_session_id: id, message_count: 2, has_system_prompt: true })
    await say(t, session.id, 'two')
    expect(contents(await messages(t, session.id))).toEqual(['one', 'You said: one', 'two', 'You said: two'])
    expect(contents(await messages(t, id))).toEqual(['one', 'You said: one'])
    expect(t.agent.runs[1]!.request.messages.map(({ content }) => content)).toEqual(['one', 'You said: one', 'two'])
    expect((await get(t, id)).ended_at).toBeNull()
  })

  test('may end at any message, and be given a name and an id', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    await say(t, id, 'one')
    await say(t, id, 'two')
    const { data } = await messages(t, id)
    const { session } = await t.api.json(t.api.post(`/api/sessions/${id}/fork`, { id: 'half', title: 'Half', up_to: data[1].position }))
    expect(session).toMatchObject({ id: 'half', title: 'Half' })
    expect(contents(await messages(t, 'half'))).toEqual(['one', 'You said: one'])
    expect(await t.api.refusal(t.api.post(`/api/sessions/${id}/fork`, { id: 'half' }))).toEqual({ status: 409, code: 'session_exists', param: 'id' })
    expect((await t.api.refusal(t.api.post(`/api/sessions/${id}/fork`, { up_to: -1 }))).param).toBe('up_to')
  })
})

describe('search', () => {
  test('finds what was said a moment ago, with where it stands in the text', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, { title: 'Animals' })
    await say(t, id, 'The quick brown fox')
    const { data } = await t.api.json(t.api.get('/api/sessions/search?q=brown'))
    expect(data).toHaveLength(2)
    expect(data[1]).toMatchObject({ session_id: id, session_title: 'Animals', role: 'user', snippet: 'The quick brown fox' })
    const [match] = data[1].matches
    expect(data[1].snippet.slice(match.start ?? match[0], match.end ?? match[1])).toBe('brown')
  })

  test('finds words, phrases, beginnings and exclusions, in every script, and reads on', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    for (const text of ['red apple', 'green apple', '東京タワー', 'apple green']) await say(t, id, text)
    const found = async (q: string, more = '') =>
      ((await t.api.json(t.api.get(`/api/sessions/search?q=${encodeURIComponent(q)}${more}`))).data as Json[])
        .filter(({ role }) => role === 'user')
        .map(({ snippet }) => snippet)
    expect(await found('apple')).toEqual(['apple green', 'green apple', 'red apple'])
    expect(await found('"green apple"')).toEqual(['green apple'])
    expect(await found('appl*')).toHaveLength(3)
    expect(await found('apple -green')).toEqual(['red apple'])
    expect(await found('東京')).toEqual(['東京タワー'])
    const page = await t.api.json(t.api.get('/api/sessions/search?q=apple&limit=2'))
    expect([page.data.length, page.has_more]).toEqual([2, true])
    const next = await t.api.json(t.api.get(`/api/sessions/search?q=apple&limit=10&before=${page.next_before}`))
    expect([next.data.length, next.has_more]).toEqual([4, false])
  })

  const odd = ['"', '*', '-', 'a AND', 'NEAR(', "'; drop table message; --", '\u0000', '(', 'a"b', '-"', 'AND OR NOT', ' ']

  test('may be asked for anything, and harms nothing', async () => {
    await using t = await startTestGateway()
    for (const q of odd) {
      const response = await t.api.get(`/api/sessions/search?q=${encodeURIComponent(q)}`)
      expect([q, response.status]).toEqual([q, 200])
      expect(((await response.json()) as Json).data).toEqual([])
    }
  })

  test('needs something to look for', async () => {
    await using t = await startTestGateway()
    expect(await t.api.refusal(t.api.get('/api/sessions/search'))).toEqual({ status: 400, code: 'missing_required_parameter', param: 'q' })
    expect((await t.api.refusal(t.api.get(`/api/sessions/search?q=${'x'.repeat(2_049)}`))).param).toBe('q')
  })

  test('works also where the database takes nothing down', async () => {
    const readOnly = () => new DatabaseError('READ_ONLY', 'gateway.db cannot be written')
    await using t = await startTestGateway({ between: (stores) => ({ ...stores, searchIndex: refusing(stores.searchIndex, 'catchUp', readOnly) }) })
    const { id } = await create(t)
    await say(t, id, 'brown fox')
    await t.stores.searchIndex.catchUp()
    expect((await t.api.json(t.api.get('/api/sessions/search?q=brown'))).data).toHaveLength(2)
  })
})

describe('a chat in a session', () => {
  test('is answered as a whole, and says which run it was', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t, { model: 'gpt-5', system_prompt: 'Be brief.' })
    const response = await t.api.post(`/api/sessions/${id}/chat`, { message: 'Hello', system_message: 'Be kind.' })
    expect(response.headers.get('x-talaria-session-id')).toBe(id)
    expect(await response.json()).toEqual({
      object: 'talaria.session.chat.completion',
      session_id: id,
      run_id: response.headers.get('x-talaria-run-id'),
      message: { role: 'assistant', content: 'You said: Hello' },
      status: 'completed',
      error: null,
      usage: { input_tokens: 3, output_tokens: 5, reasoning_tokens: 0, cached_input_tokens: 0, total_tokens: 8 },
      runtime: { model: 'gpt-5' },
    })
    expect(t.agent.runs[0]!.request).toMatchObject({ model: 'gpt-5', instructions: 'Be brief.\n\nBe kind.' })
  })

  test('may say it in other words: input, instructions, parts', async () => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    await t.api.json(
      t.api.post(`/api/sessions/${id}/chat`, {
        input: [
          { type: 'text', text: 'Look' },
          { type: 'image_url', image_url: 'https://a.example/a.png' },
        ],
        instructions: 'Be kind.',
        model: 'o3',
      }),
    )
    expect(t.agent.runs[0]!.request).toMatchObject({
      model: 'o3',
      instructions: 'Be kind.',
      messages: [
        {
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image', url: 'https://a.example/a.png' },
          ],
        },
      ],
    })
  })

  test('is streamed in the predecessor’s events, each numbered, those from disk with their id', async () => {
    const play = (run: TestRun) =>
      run
        .emit({ type: 'reasoning.delta', text: 'Hm.' })
        .say('Let me look. ')
        .emit({ type: 'tool.started', id: 'c1', name: 'look', runs: 'server' }, { type: 'tool.progress', id: 'c1', text: 'looking' })
        .emit({ type: 'tool.finished', id: 'c1', name: 'look', runs: 'server', arguments: '{}', output: 'nothing', isError: true })
        .say('Nothing.')
        .finish()
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    const { id } = await create(t)
    const response = await t.api.post(`/api/sessions/${id}/chat/stream`, { message: 'Hello' })
    const runId = response.headers.get('x-talaria-run-id')
    const frames = await readFrames(response)
    expect(frames.map(({ event }) => event)).toEqual([
      'run.started',
      'message.started',
      'tool.progress',
      'assistant.delta',
      'tool.started',
      'tool.progress',
      'tool.failed',
      'assistant.delta',
      'assistant.completed',
      'run.completed',
      'done',
    ])
    const data = dataOf(frames)
    expect(data).toMatchObject(data.map((_, n) => ({ session_id: id, run_id: runId, seq: n + 1, ts: expect.any(Number) })))
    expect(data[0]).toMatchObject({ user_message: 'Hello' })
    const messageId = (data[1] as Json).message.id
    expect(data[8]).toMatchObject({ message_id: messageId, content: 'Let me look. Nothing.', completed: true, partial: false, interrupted: false })
    expect(frames.map((frame) => frame.id)).toEqual([undefined, undefined, '1', '2', '3', '4', '5', '6', undefined, undefined, '7'])
    // The ids are those of the run, where the client may go on.
    expect((await t.api.frames(t.api.get(`/v1/runs/${runId}/events?after=6`))).map((frame) => frame.id)).toEqual(['7'])
  })

  test.each([
    ['fails', (run: Json) => run.say('Half').fail(), 'run.failed', { completed: false, partial: true, interrupted: false }],
    ['is cut', (run: Json) => run.say('Half').finish('length'), 'run.incomplete', { completed: false, partial: true, interrupted: false }],
  ])('that %s does not say that it is complete', async (_, play, ending, flags) => {
    await using t = await startTestGateway({ agent: new TestAgent({ play }) })
    const { id } = await create(t)
    const frames = await t.api.frames(t.api.post(`/api/sessions/${id}/chat/stream`, { message: 'Hello' }))
    expect(frames.map(({ event }) => event)).toContain(ending)
    expect(dataOf(frames)[frames.findIndex(({ event }) => event === 'assistant.completed')]).toMatchObject(flags)
    expect(frames.map(({ event }) => event).includes('error')).toBe(ending === 'run.failed')
  })

  test.each([
    ['no message', {}, 'missing_message', 'message'],
    ['an empty message', { message: ' ' }, 'missing_message', 'message'],
    ['an empty input', { input: '' }, 'missing_message', 'input'],
    ['a message that is none', { message: 7 }, 'invalid_value', 'message'],
    ['sound', { message: [{ type: 'input_audio' }] }, 'unsupported_content_type', 'message[0].type'],
    ['a parameter nobody has', { message: 'x', provider: 'y' }, 'unknown_parameter', 'provider'],
  ] as const)('%s is refused, and the refusal names it', async (_, body, code, param) => {
    await using t = await startTestGateway()
    const { id } = await create(t)
    for (const path of ['chat', 'chat/stream'])
      expect(await t.api.refusal(t.api.post(`/api/sessions/${id}/${path}`, body))).toEqual({ status: 400, code, param })
  })

  test('that fails without a word is a failure of the agent', async () => {
    await using t = await startTestGateway({ agent: new TestAgent({ play: (run) => run.fail() }) })
    const { id } = await create(t)
    expect((await t.api.refusal(t.api.post(`/api/sessions/${id}/chat`, { message: 'x' }))).code).toBe('agent_failed')
  })
})
