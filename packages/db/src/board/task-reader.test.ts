import { expect, test } from 'vitest'
import { checkForLeaks } from '../testing/check-for-leaks.ts'
import { openTestBoard } from '../testing/open-test-board.ts'

checkForLeaks()

test('the cards of some tasks come in one question, in their order, deleted ones too', async () => {
  await using t = await openTestBoard()
  for (const title of ['one', 'two', 'three']) await t.tasks.create({ title, labels: [title] }, 'test')
  await t.tasks.remove(2, { actor: 'test' })
  const cards = await t.tasks.cards([3, 2, 99])
  expect(cards.map(({ title, labels, deletedAt }) => [title, labels, deletedAt !== null])).toEqual([
    ['two', ['two'], true],
    ['three', ['three'], false],
  ])
  expect(await t.tasks.cards([])).toEqual([])
})
