import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'
import { MAX_ATTACHMENT_BYTES, type NewAttachment } from './attachment-store.ts'

checkForLeaks()

const BYTES = Buffer.from('some bytes')

async function boardWithTask() {
  const t = await openTestBoard()
  await t.tasks.create({ title: 'a', assignee: 'coder' }, 'anna')
  return Object.assign(t, {
    attach: (name: string, more: Partial<NewAttachment> = {}) => t.attachments.add(1, { name, bytes: BYTES, ...more }, 'anna'),
    /** Names of the files that lie beside the board. */
    files: () => readdirSync(t.file.replace(/\.db$/, '.files')).toSorted(),
  })
}

test('a file is kept under its id, and says what it is, whose, and what its bytes add up to', async () => {
  await using t = await boardWithTask()
  await t.clock.advance(5)
  const attachment = await t.attach('plan.md', { mediaType: 'text/markdown' })
  expect(attachment).toEqual({
    id: attachment.id,
    taskNumber: 1,
    runId: null,
    name: 'plan.md',
    mediaType: 'text/markdown',
    bytes: BYTES.byteLength,
    sha256: createHash('sha256').update(BYTES).digest('hex'),
    uploadedBy: 'anna',
    createdAt: t.clock.now(),
  })
  expect(t.files()).toEqual([attachment.id])
  expect(Buffer.from(await t.attachments.read(attachment.id))).toEqual(BYTES)
  expect([await t.attachments.get(attachment.id), ...(await t.attachments.list(1))]).toEqual([attachment, attachment])
  expect((await t.tasks.get(1))!.updatedAt).toBe(t.clock.now())
  expect((await t.events.latestOf(1, 1))[0]).toMatchObject({ kind: 'attachment.added', payload: { attachment: attachment.id, name: 'plan.md' } })
})

test('a file is saved under a name that is harmless', async () => {
  await using t = await boardWithTask()
  const names = {
    '../../etc/passwd': 'passwd',
    'C:\\Users\\anna\\plan.md': 'plan.md',
    '...hidden': 'hidden',
    '..': 'file',
    'a/': 'file (1)',
    '': 'file (2)',
    'evil\u202Egnp.exe\u0000\n': 'evilgnp.exe',
    [`${'x'.repeat(300)}.tar`]: `${'x'.repeat(196)}.tar`,
  }
  for (const [name, saved] of Object.entries(names)) expect((await t.attach(name)).name).toBe(saved)
})

test('a name that the task has already gets the next number, and one that was taken away is free again', async () => {
  await using t = await boardWithTask()
  const first = await t.attach('plan.md')
  expect([(await t.attach('plan.md')).name, (await t.attach('x/plan.md')).name]).toEqual(['plan (1).md', 'plan (2).md'])
  await t.tasks.create({ title: 'b' }, 'anna')
  expect((await t.attachments.add(2, { name: 'plan.md', bytes: BYTES }, 'anna')).name).toBe('plan.md')
  await t.attachments.remove(first.id, 'anna')
  expect((await t.attach('plan.md')).name).toBe('plan.md')
})

test('a file of more than 25 MiB is refused before a byte is written', async () => {
  await using t = await boardWithTask()
  await t.attach('first')
  const bytes = new Uint8Array(MAX_ATTACHMENT_BYTES + 1)
  await expect(t.attach('large', { bytes })).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining('25 MiB') })
  expect(t.files()).toHaveLength(1)
})

test('a file that is taken away is gone at once, and its bytes with the next sweep, once', async () => {
  await using t = await boardWithTask()
  const [gone, kept] = [await t.attach('gone'), await t.attach('kept')]
  expect(await t.attachments.remove(gone.id, 'ben')).toBe(true)
  expect(await t.attachments.remove(gone.id, 'ben')).toBe(false)
  expect(await t.attachments.list(1)).toEqual([kept])
  await expect(t.attachments.read(gone.id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect((await t.events.since({ after: 0, limit: 10, kinds: ['attachment.removed'] })).map(({ actor }) => actor)).toEqual(['ben'])
  expect(t.files()).toHaveLength(2)
  expect([await t.attachments.sweep(), await t.attachments.sweep()]).toEqual([1, 0])
  expect(t.files()).toEqual([kept.id])
})

test('a file of a task that is not there leaves nothing behind', async () => {
  await using t = await boardWithTask()
  await expect(t.attachments.add(2, { name: 'x', bytes: BYTES }, 'anna')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
  expect(t.files()).toEqual([])
})

test('an attempt attaches files while it has the task, and not after it was lost', async () => {
  await using t = await boardWithTask()
  const claimed = await t.claims.claim(1, {
    dispatcher: 'd1',
    host: 'here',
    now: t.clock.now(),
    leaseMs: 60_000,
    caps: {},
    executorOf: () => 'twin',
    tokenHash: 'hash',
  })
  if ('refused' in claimed) throw new Error(`refused: ${claimed.refused}`)
  const { claim } = claimed
  const attachment = await t.attach('of the run', { claim })
  expect(attachment.runId).toBe(claim.runId)
  await expect(t.attach('x', { claim: { ...claim, fence: claim.fence + 1 } })).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  await t.tasks.release(1, { actor: 'anna' })
  await expect(t.attach('late', { claim })).rejects.toMatchObject({ code: 'CLAIM_LOST' })
  expect(t.files()).toEqual([attachment.id])
})
