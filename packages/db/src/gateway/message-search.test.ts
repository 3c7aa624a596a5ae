import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { message, sessionNamed } from '../testing/gateway-records.ts'
import { openTestDatabases, type TestDatabases } from '../testing/open-test-databases.ts'
import type { SearchQuery } from './message-search.ts'
import type { Viewer } from './records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }
const root: Viewer = { all: true }

const said = [
  'Crème brûlée with café, naïve and Zürich',
  '用Docker部署服务很简单',
  '東京でラーメンを食べた',
  '한국어를 공부합니다',
  'ฉันกินข้าวที่บ้าน',
  'हिन्दी में लिखा गया',
  'the quick brown fox jumps over the lazy dog',
  'a brown quick fox, and nothing else',
  "It's 100% sure: select * from users; -- 'quoted' \"twice\"",
]

/** What is looked for, and which messages are found, newest first. */
const searches: readonly (readonly [query: string, found: readonly number[]])[] = [
  ['creme brulee', [0]],
  ['CAFÉ zurich', [0]],
  ['用', [1]],
  ['部署', [1]],
  ['docker', [1]],
  ['署部', []],
  ['京', [2]],
  ['ラーメン', [2]],
  ['ー', [2]],
  ['食べ', [2]],
  ['국', [3]],
  ['공부', [3]],
  ['ก', [4]],
  ['กิน', [4]],
  ['กัน', []],
  ['ที่', [4]],
  ['हिन्दी', [5]],
  ['हन्दी', []],
  ['quick fox', [7, 6]],
  ['"quick brown"', [6]],
  ['"brown fox"', [6]],
  ['qui*', [7, 6]],
  ['qui', []],
  ['fox -lazy', [7]],
  ['fox -"brown fox"', [7]],
  ['fox -lazy -nothing', []],
  ['fox cat', []],
  ['100%', [8]],
  ['"quoted"', [8]],
  ['*', []],
  ['', []],
]

test('words are found in any script, of any length, in any case and without their accents; phrases, prefixes and exclusions do as they say', async () => {
  await using test = await databaseWith(said)
  for (const [query, found] of searches) {
    expect({ query, found: await search(test, query) }).toEqual({ query, found: found.map((index) => said[index]) })
  }
})

test('FTS5’s syntax means nothing in what a user types', async () => {
  await using test = await databaseWith(['apples AND oranges', 'apples', 'content near bread', 'NOT here'])
  expect(await search(test, 'apples AND oranges')).toEqual(['apples AND oranges'])
  expect(await search(test, 'apples OR oranges')).toEqual([])
  expect(await search(test, 'NOT')).toEqual(['NOT here'])
  for (const query of [
    'content : bread',
    'NEAR(apples bread)',
    '^apples',
    '{content scope} : apples',
    'apples) OR (bread',
    'scope : x',
    '"apples" + "bread"',
    '\0',
    'bread\0"',
  ])
    expect(await search(test, query)).toBeInstanceOf(Array)
})

test('nothing a user types raises an error', { timeout: 60_000 }, async () => {
  await using test = await databaseWith(['apples and oranges 用Docker'])
  const nasty = fc.constantFrom(
    '"',
    '*',
    '-',
    '(',
    ')',
    ':',
    '^',
    '+',
    '\\',
    "'",
    '\0',
    'AND',
    'OR',
    'NOT',
    'NEAR',
    'apples',
    ' ',
    '用',
    '\ud800',
    '{',
    '}',
    ',',
  )
  const query = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
    fc.array(nasty, { maxLength: 30 }).map((parts) => parts.join('')),
  )
  await fc.assert(
    fc.asyncProperty(query, fc.constantFrom('newest' as const, 'relevance' as const), async (text, order) => {
      expect(await test.databases.gateway.sessions.search(me, { query: text, limit: 5, order })).toBeInstanceOf(Array)
    }),
    { numRuns: process.env.TALARIA_TEST_FULL ? 10_000 : 500 },
  )
})

test('a query of a thousand words is answered, exclusions or not', async () => {
  await using test = await databaseWith(['word0 word1 word2'])
  for (const word of ['word', '-word', 'wor*d']) {
    const query = Array.from({ length: 1_000 }, (_, i) => `${word}${i}`).join(' ')
    expect(await search(test, `word0 ${query}`)).toEqual([])
  }
})

test('what others said is not found, nor what was said in another session when one is named', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  for (const [id, owner] of [
    ['mine', 'me'],
    ['mine too', 'me'],
    ['theirs', 'other'],
  ] as const) {
    await sessions.create(sessionNamed(id, { owner, title: `Title of ${id}` }))
    await sessions.append(id, root, [message(`secret of ${id}`)])
  }
  await searchIndex.catchUp()
  const titles = async (viewer: Viewer, query: Partial<SearchQuery> = {}) =>
    (await sessions.search(viewer, { query: 'secret', limit: 10, ...query })).map(({ sessionTitle }) => sessionTitle)
  expect(await titles(me)).toEqual(['Title of mine too', 'Title of mine'])
  expect(await titles(me, { order: 'relevance' })).toEqual(['Title of mine', 'Title of mine too'])
  expect(await titles({ owner: 'other' })).toEqual(['Title of theirs'])
  expect(await titles({ owner: 'nobody' })).toEqual([])
  expect(await titles(root)).toHaveLength(3)
  expect(await titles(root, { sessionId: 'theirs' })).toEqual(['Title of theirs'])
  expect(await titles(me, { sessionId: 'theirs' })).toEqual([])
})

test('pages of hits, newest first, neither repeat nor skip one, and messages of deleted sessions leave no hole in them', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('kept'))
  await sessions.create(sessionNamed('deleted'))
  for (let i = 0; i < 20; i++) {
    await sessions.append('kept', me, [message(`hit ${i}`)])
    await sessions.append('deleted', me, [message(`gone ${i} hit`), message(`gone again ${i} hit`)])
  }
  await searchIndex.catchUp()
  await sessions.delete('deleted', me)
  const seen: string[] = []
  for (let before: number | undefined; ;) {
    const page = await sessions.search(me, { query: 'hit', limit: 7, ...(before !== undefined && { before }) })
    seen.push(...page.map((hit) => hit.message.content))
    before = page.at(-1)?.message.position
    if (page.length < 7) break
  }
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `hit ${19 - i}`))
  expect(await sessions.search(me, { query: 'hit', limit: 50, order: 'relevance' })).toHaveLength(20)
})

test('by relevance, what says it briefly and often comes first, among the newest 5,000 hits', async () => {
  await using test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append('ses_1', me, [message('tea tea tea')])
  for (let i = 0; i < 10; i++)
    await sessions.append(
      'ses_1',
      me,
      Array.from({ length: 500 }, (_, n) => message(`${i} ${n}: one could also have some tea, or not, who knows`)),
    )
  await sessions.append('ses_1', me, [message('tea tea'), message('tea, with very many other words around it, and on and on and on')])
  await searchIndex.catchUp()
  const [best] = await sessions.search(me, { query: 'tea', limit: 1, order: 'relevance' })
  expect(best!.message.content).toBe('tea tea')
  expect(best!.snippet).toEqual({
    text: 'tea tea',
    matches: [
      [0, 3],
      [4, 7],
    ],
  })
})

async function databaseWith(texts: readonly string[]): Promise<TestDatabases> {
  const test = openTestDatabases()
  const { sessions, searchIndex } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.append(
    'ses_1',
    me,
    texts.map((text) => message(text)),
  )
  await searchIndex.catchUp()
  return test
}

async function search(test: TestDatabases, query: string): Promise<readonly string[]> {
  return (await test.databases.gateway.sessions.search(me, { query, limit: 10 })).map((hit) => hit.message.content)
}
