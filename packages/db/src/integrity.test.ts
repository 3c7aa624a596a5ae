import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findDamage } from './integrity.ts'
import { checkForLeaks } from './testing/check-for-leaks.ts'
import { message, sessionNamed } from './testing/gateway-records.ts'
import { openTestDatabases } from './testing/open-test-databases.ts'
import { temporaryHome } from './testing/temporary-home.ts'
import type { Viewer } from './gateway/records.ts'

checkForLeaks()

const me: Viewer = { owner: 'me' }

test('damage that no query has met is found by another process while writing goes on, and ends the writing', async () => {
  using home = temporaryHome()
  const file = home.file('gateway.db')
  await fill(file)
  damageMessages(file)
  await using test = openTestDatabases({ file })
  const { sessions } = test.databases.gateway
  await sessions.append('ses_1', me, [message('before the check')])

  let isChecking = true
  let written = 0
  const writing = (async () => {
    while (isChecking) {
      await sessions.append('ses_1', me, [message('while it is checked')]).then(
        () => written++,
        (error: { code: string }) => expect(error.code).toBe('CORRUPT'),
      )
    }
  })()
  const check = await test.databases.checkIntegrity()
  isChecking = false
  await writing
  expect(check.problems.length).toBeGreaterThan(0)
  expect(check.indexProblems).toEqual([])
  expect(written).toBeGreaterThan(0)
  await expect(sessions.append('ses_1', me, [message('after it')])).rejects.toMatchObject({ code: 'CORRUPT' })
  expect(test.databases.status()).toMatchObject([{ damage: { reason: check.problems.join('; ') }, lastCheck: check }])
  expect(await sessions.get('ses_1', me), 'what can be read, is').toBeDefined()
})

test('a sound database is found sound, and stays writable', async () => {
  await using test = openTestDatabases()
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  expect(await test.databases.checkIntegrity()).toMatchObject({ problems: [], indexProblems: [] })
  expect(await sessions.append('ses_1', me, [message('and on')])).toBe(true)
})

test('a check that cannot be made is IO, and says nothing about the database', async () => {
  await using test = openTestDatabases()
  await expect(test.databases.checkIntegrity()).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining(test.file) as string })
  await test.databases.gateway.sessions.create(sessionNamed('ses_1'))
  await expect(test.databases.checkIntegrity(AbortSignal.abort())).rejects.toMatchObject({ code: 'IO' })
  expect(test.databases.status()).toMatchObject([{ damage: undefined }])
})

test('a file that is no database is damaged, not uncheckable', async () => {
  using home = temporaryHome()
  writeFileSync(home.file('noise'), Buffer.alloc(8_192, 'noise'))
  expect((await findDamage(home.file('noise'))).problems).toHaveLength(1)
})

/** With enough messages that damage lies where no other query looks. */
async function fill(file: string): Promise<void> {
  await using test = openTestDatabases({ file })
  const { sessions } = test.databases.gateway
  await sessions.create(sessionNamed('ses_1'))
  await sessions.create(sessionNamed('unread'))
  await sessions.append(
    'unread',
    me,
    Array.from({ length: 300 }, (_, i) => message(`${i} ${'x'.repeat(2_000)}`)),
  )
}

function damageMessages(file: string): void {
  const content = readFileSync(file)
  writeFileSync(file, content.fill('noise', content.indexOf('150 xxx'), content.indexOf('160 xxx')))
}
