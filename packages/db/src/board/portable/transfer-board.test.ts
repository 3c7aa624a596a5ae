import { createHash } from 'node:crypto'
import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { boardFaults } from '../../testing/board-faults.ts'
import { checkForLeaks } from '../../testing/check-for-leaks.ts'
import { openTestBoard, type TestBoard } from '../../testing/open-test-board.ts'
import { rejectionOf } from '../../testing/rejection-of.ts'
import { rowsOf } from '../../testing/rows-of.ts'
import { tarEnd, tarEntries, tarEntry, type TarEntry } from './tar.ts'

checkForLeaks()

const ME = { actor: 'user:anna' }
const PATH = '/home/somebody/secret-project'

async function exported(t: TestBoard, slug = 'b'): Promise<Buffer> {
  const chunks: Buffer[] = []
  await t.boards.export(slug, new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) }))
  return Buffer.concat(chunks)
}

const imported = (t: TestBoard, archive: Buffer, slug?: string) =>
  t.boards.import(Readable.from([archive], { objectMode: false }), { actor: 'cli', ...(slug && { slug }) })

async function entriesOf(archive: Buffer): Promise<TarEntry[]> {
  return Array.fromAsync(tarEntries(Readable.from([gunzipSync(archive)], { objectMode: false })))
}

const archiveOf = (entries: readonly TarEntry[]) => gzipSync(Buffer.concat([...entries.map((entry) => tarEntry(entry, 0)), tarEnd()]))

const filesBeside = (t: TestBoard) => readdirSync(dirname(t.file)).toSorted()

/** A board with one of everything. */
async function fill(t: TestBoard): Promise<void> {
  await t.board.change({ name: 'The board', settings: { defaultWorkdir: PATH, maxRunning: 3 } }, ME)
  const running = { title: 'running', assignee: 'coder', settings: { workspace: { kind: 'dir', path: PATH } as const, maxAttempts: 2 } }
  const subscribers = [{ target: { kind: 'webhook', url: 'https://example.org/hook', secret: 'hush' } as const }]
  await t.tasks.create({ ...running, subscribers, origin: { sessionId: 'ses_1' } }, 'cli')
  await t.tasks.create({ title: 'waits', body: '用Docker部署', parents: [{ id: '1' }], labels: ['x', 'y'] }, 'cli')
  await t.tasks.create({ title: 'done', idempotencyKey: 'k' }, 'cli')
  await t.tasks.create({ title: 'deleted' }, 'cli')
  await t.tasks.create({ title: 'purged' }, 'cli')
  await t.tasks.complete(3, { summary: 'ok', metadata: { a: 1 } }, ME)
  const options = {
    dispatcher: 'secret-host/7/1',
    host: 'secret-host',
    now: t.clock.now(),
    leaseMs: 1_000,
    caps: {},
    executorOf: () => 'twin',
    tokenHash: 'token-hash',
  }
  const claimed = await t.claims.claim(1, options)
  if ('refused' in claimed) throw new Error(claimed.refused)
  await t.claims.spawned(claimed.claim, { pid: 4_711, processStarted: '99', workspace: PATH })
  await t.claims.spend(claimed.claim, { inputTokens: 1, outputTokens: 2, costMicros: 3 })
  await t.transcripts.append(claimed.claim, [{ seq: 0, kind: 'text', body: PATH }])
  await t.comments.add(2, { body: 'a comment', author: 'user:anna' })
  await t.attachments.add(2, { name: 'plan.md', mediaType: 'text/markdown', bytes: Buffer.from('# plan') }, 'cli')
  await t.approvals.ask({ taskNumber: 2, taskRevision: 1, gate: { kind: 'person' }, askedBy: 'cli' })
  await t.tasks.remove(5, ME)
  await t.clock.advance(1)
  await t.tasks.purge(t.clock.now(), 1)
  await t.tasks.remove(4, ME)
}

test('a board that is exported and imported is the same board under another name, and what ran is ready', async () => {
  await using t = await openTestBoard()
  await fill(t)
  const before = await t.tasks.board({ limit: 10 })
  expect(await imported(t, await exported(t))).toMatchObject({ slug: 'b-2', name: 'The board', settings: { maxRunning: 3 }, createdAt: 1_000_000 })
  const copy = t.databases.board('b-2')
  expect(boardFaults(t.file.replace('b.db', 'b-2.db'))).toEqual([])
  expect(await copy.tasks.get(1)).toMatchObject({
    state: 'ready',
    runId: null,
    attempts: 1,
    settings: { maxAttempts: 2 },
    origin: null,
    spend: { costMicros: 3 },
  })
  expect(await copy.tasks.get(2)).toMatchObject({ state: 'todo', body: '用Docker部署', labels: ['x', 'y'], parents: { open: 1 } })
  expect((await copy.tasks.get(3))!).toEqual(await t.tasks.get(3))
  expect((await copy.tasks.restore(4, 'cli')).state).toBe('ready')
  expect((await copy.tasks.create({ title: 'next' }, 'cli')).task.number).toBe(6)
  expect((await copy.tasks.create({ title: 'again', idempotencyKey: 'k' }, 'cli')).created).toBe(false)
  expect((await copy.comments.list(2, { limit: 5 })).map(({ body }) => body)).toEqual(['a comment'])
  const [attachment] = await copy.attachments.list(2)
  expect([attachment!.name, Buffer.from(await copy.attachments.read(attachment!.id)).toString()]).toEqual(['plan.md', '# plan'])
  expect((await copy.approvals.list({ isWaiting: true })).length).toBe(1)
  expect((await copy.search.search('部署', { limit: 5 })).map(({ task }) => task.number)).toEqual([2])
  expect((await copy.board.spend()).spend).toEqual((await t.board.spend()).spend)
  expect(await copy.subscriptions.list()).toEqual([])
  expect((await copy.claims.open()).length).toBe(0)
  const kinds = async (board: Pick<TestBoard, 'events'>, after: number) => (await board.events.since({ after, limit: 99 })).map(({ kind }) => kind)
  expect((await kinds(copy, 0)).slice(0, before.seq)).toEqual((await kinds(t, 0)).slice(0, before.seq))
  expect((await kinds(copy, before.seq)).slice(0, 2)).toEqual(['task.released', 'board.created'])
  expect(await t.tasks.board({ limit: 10 })).toEqual(before)
})

test('no secret, no claim and no name of this machine leaves with a board', async () => {
  await using t = await openTestBoard()
  await fill(t)
  const text = gunzipSync(await exported(t)).toString()
  for (const secret of [PATH, 'secret-host', 'token-hash', 'hush', 'example.org', '4711', 'ses_1']) expect(text).not.toContain(secret)
})

test('an archive always lands as a new board, whatever it is to be called', async () => {
  await using t = await openTestBoard()
  const archive = await exported(t)
  expect((await imported(t, archive)).slug).toBe('b-2')
  expect((await imported(t, archive)).slug).toBe('b-3')
  expect((await imported(t, archive, 'other')).slug).toBe('other')
  const long = 'x'.repeat(64)
  expect([(await imported(t, archive, long)).slug, (await imported(t, archive, long)).slug]).toEqual([long, `${'x'.repeat(62)}-2`])
  expect((await rejectionOf(imported(t, archive, '../up'))).code).toBe('INVALID')
  expect(filesBeside(t).filter((name) => name.startsWith('.'))).toEqual([])
})

test('an archive that is broken in any place is refused, and nothing of it is left', async () => {
  await using t = await openTestBoard()
  await fill(t)
  const whole = await exported(t)
  const entries = await entriesOf(whole)
  const before = filesBeside(t)
  const edited = (name: RegExp, edit: (text: string) => string) =>
    archiveOf(entries.map((entry) => (name.test(entry.name) ? { ...entry, bytes: Buffer.from(edit(Buffer.from(entry.bytes).toString())) } : entry)))
  const task = (edit: (row: Record<string, unknown>) => object) =>
    edited(/^task\//, (text) => text.replace(/^.*/, (line) => JSON.stringify(edit(JSON.parse(line)))))
  const damaged = Buffer.from(whole)
  damaged[Math.floor(damaged.length / 2)]! ^= 0xff
  const link = (parent: number, child: number) => `${JSON.stringify({ parent_number: parent, child_number: child, condition: 'success', state: 'met' })}\n`
  const links = (text: string, count: number) =>
    archiveOf(
      entries.map(({ name, bytes }) => {
        if (name.startsWith('link/')) return { name, bytes: Buffer.from(text) }
        return { name, bytes: name === 'end.json' ? Buffer.from(Buffer.from(bytes).toString().replace('"link":1', `"link":${count}`)) : bytes }
      }),
    )
  const broken: Record<string, Buffer> = {
    'nothing at all': Buffer.alloc(0),
    'no gzip': Buffer.from('hello'),
    'no tar': gzipSync(Buffer.alloc(4_096, 1)),
    'cut off': whole.subarray(0, whole.length - 200),
    'cut off between files': archiveOf(entries.slice(0, -1)),
    'a damaged byte': damaged,
    'a part is missing': archiveOf(entries.filter(({ name }) => !name.startsWith('comment/'))),
    'another format': edited(/board\.json/, (text) => text.replace('talaria-board', 'other')),
    'a later version': edited(/board\.json/, (text) => text.replace('"version":1', '"version":2')),
    'an unknown state': task((row) => ({ ...row, state: 'weird' })),
    'an unknown column': task((row) => ({ ...row, token_hash: 'x' })),
    'no number': task((row) => ({ ...row, number: 'one' })),
    'settings that are none': task((row) => ({ ...row, settings: '[' })),
    'done without an end': task((row) => ({ ...row, state: 'done' })),
    'a text that is too long': task((row) => ({ ...row, title: 'x'.repeat(3_000) })),
    'two tasks of one number': edited(/^task\//, (text) => text.replaceAll(/"number":\d+/g, '"number":1')),
    'a file with another content': edited(/^attachments\//, () => '# evil'),
    'a file that leads out': archiveOf(entries.map((entry) => ({ ...entry, name: entry.name.replace(/^attachments\/.*/, 'attachments/../../evil') }))),
    'a file that nobody knows': archiveOf([...entries.slice(0, -1), { name: `attachments/att_${'0'.repeat(32)}`, bytes: Buffer.from('x') }, entries.at(-1)!]),
    'an unknown file': archiveOf([...entries, { name: 'etc/passwd', bytes: Buffer.from('x') }]),
    'tasks in a circle': links(link(1, 2) + link(2, 3) + link(3, 1), 3),
    'a link to nowhere': links(link(99, 2), 1),
    'no text': archiveOf(entries.map((entry) => (entry.name.startsWith('event/') ? { ...entry, bytes: Buffer.from([0xff, 0xfe, 0x0a]) } : entry))),
  }
  for (const [what, archive] of Object.entries(broken)) {
    const error = await rejectionOf(imported(t, archive))
    expect([what, error.code, filesBeside(t)]).toEqual([what, 'INVALID', before])
  }
  expect(links(link(1, 2), 1).equals(Buffer.alloc(0))).toBe(false)
  expect((await imported(t, links(link(1, 2), 1))).slug).toBe('b-2')
})

test('whatever bytes an archive holds, it is a board or it is refused', async () => {
  await using t = await openTestBoard()
  await fill(t)
  const tar = gunzipSync(await exported(t))
  await fc.assert(
    fc.asyncProperty(fc.nat(tar.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const bytes = Buffer.from(tar)
      bytes[place]! ^= change
      const outcome = await imported(t, gzipSync(bytes, { level: 1 })).then(
        ({ slug }) => slug,
        (error: { code?: string }) => error.code,
      )
      if (outcome === 'INVALID') return
      await t.boards.remove(outcome!)
    }),
    { numRuns: process.env.TALARIA_TEST_FULL ? 3_000 : 15 },
  )
  expect(filesBeside(t).filter((name) => name.startsWith('.'))).toEqual([])
})

test('work goes on while a board is exported, and the archive is the board as it was at one moment', async () => {
  await using t = await openTestBoard()
  await t.tasks.createMany(
    Array.from({ length: 300 }, (_, i) => ({ task: { title: `T${i}`, assignee: 'a' }, needs: i === 0 ? [] : [i - 1] })),
    'cli',
  )
  const exporting = exported(t)
  for (let number = 1; number <= 40; number++) await t.tasks.complete(number, {}, ME)
  const { slug } = await imported(t, await exporting)
  const file = t.file.replace('b.db', `${slug}.db`)
  expect(boardFaults(file)).toEqual([])
  expect(rowsOf(file, `select count(*) as rows from event where kind = 'task.released'`)).toEqual([{ rows: 0 }])
})

test('who stops reading, or gives up, leaves nothing behind, and what a dead process left goes a day later', async () => {
  await using t = await openTestBoard()
  await t.tasks.create({ title: 'x'.repeat(200), body: createHash('sha512').update('x').digest('hex').repeat(2_000) }, 'cli')
  const broken = new PassThrough()
  broken.destroy()
  await rejectionOf(t.boards.export('b', broken))
  await rejectionOf(t.boards.export('b', new PassThrough(), { signal: AbortSignal.abort() }))
  const upload = new PassThrough()
  const importing = rejectionOf(t.boards.import(upload, { actor: 'cli' }))
  upload.write((await exported(t)).subarray(0, 100))
  upload.destroy(new Error('the caller is gone'))
  await importing
  expect(filesBeside(t).filter((name) => name.startsWith('.'))).toEqual([])
  const left = `${dirname(t.file)}/.import-_1.db`
  writeFileSync(left, '')
  utimesSync(left, 1_000, 1_000)
  await t.boards.sweep()
  expect(filesBeside(t)).toContain('.import-_1.db')
  await t.clock.advance(25 * 3_600_000)
  await t.boards.sweep()
  expect(filesBeside(t)).not.toContain('.import-_1.db')
  expect((await rejectionOf(t.boards.export('nowhere', new PassThrough()))).code).toBe('BOARD_NOT_FOUND')
})
