import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { DatabaseError } from '../errors.ts'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestDatabases } from '../testing/open-test-databases.ts'
import { rejectionOf } from '../testing/rejection-of.ts'
import { temporaryHome } from '../testing/temporary-home.ts'

checkForLeaks()

const TASKS = 200

test('a board whose file is overwritten in its middle is read-only, reported, and so after a restart; another board goes on', async () => {
  using home = temporaryHome()
  const options = { file: home.file('gateway.db') }
  const file = join(dirname(options.file), 'boards', 'ill.db')
  {
    await using test = openTestDatabases(options)
    for (const slug of ['ill', 'well']) await test.databases.boards.create({ slug }, 'cli')
    const { tasks } = test.databases.board('ill')
    await Promise.all(Array.from({ length: TASKS }, () => tasks.create({ title: 'T', body: 'x'.repeat(1_500) }, 'anna')))
  }
  const sound = readFileSync(file)
  writeFileSync(file, sound.fill('noise', Math.floor(sound.length * 0.4), Math.floor(sound.length * 0.9)))

  for (const time of ['at first', 'after a restart']) {
    await using test = openTestDatabases(options)
    const { databases } = test
    const { tasks } = databases.board('ill')
    const add = (slug: string) => databases.board(slug).tasks.create({ title: time }, 'anna')
    if (time === 'at first')
      for (let number = 1, error: unknown; !error; number += 1) {
        expect(number, 'somebody finds it').toBeLessThanOrEqual(TASKS)
        error = await tasks.get(number).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (error) expect(error).toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(file) })
      }
    const error = await rejectionOf(add('ill'))
    expect(error, time).toBeInstanceOf(DatabaseError)
    expect(error, time).toMatchObject({ code: 'CORRUPT', message: expect.stringContaining('talaria restore') })
    expect(await databases.boards.list(), 'what can be read, is').toMatchObject([{ slug: 'ill' }, { slug: 'well' }])
    await add('well')
    const damages = databases.status().map((status) => [status.file.split('/').at(-1), status.damage !== undefined])
    expect(damages, time).toEqual(
      expect.arrayContaining([
        ['ill.db', true],
        ['well.db', false],
      ]),
    )
    expect(existsSync(`${file}.damaged`)).toBe(true)
    expect((await databases.board('well').tasks.list({ limit: 10 })).tasks).toHaveLength(time === 'at first' ? 1 : 2)
  }
  expect(readFileSync(file).length, 'it is not made anew').toBe(sound.length)
})
