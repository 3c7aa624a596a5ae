import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../log.ts'
import { descriptorsOf, expectSameDescriptors, type Descriptors } from '../testing/descriptors.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { startDescriptorBudget } from './descriptor-budget.ts'
import { countDescriptors } from './open-descriptors.ts'

let before: Descriptors
const opened: number[] = []
beforeEach(async () => {
  before = await descriptorsOf()
})
afterEach(async () => {
  close(opened.length)
  await expectSameDescriptors(before)
})

const open = (count: number) => opened.push(...Array.from({ length: count }, () => openSync('/dev/null', 'r')))
const close = (count: number) => opened.splice(0, count).forEach((descriptor) => closeSync(descriptor))

/** A budget with this limit, and what it logs. */
function budgetWith(limit: number) {
  const clock = new FakeClock()
  const lines: { level: number; msg: string; classes?: { file: number } }[] = []
  const log = createLog('test', { destination: { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[0]) } })
  return { clock, lines, budget: startDescriptorBudget({ clock, log, isDatabase: () => false, limit }) }
}

/** Opens or closes until exactly this many are open. */
function use(count: number) {
  const now = countDescriptors()!
  if (count > now) open(count - now)
  else close(now - count)
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('it warns at 70 %, sheds at 85 %, and goes back 5 points lower each', async () => {
    const { budget } = budgetWith(200)
    await using _ = budget
    const levels = [139, 140, 131, 130, 129, 169, 170, 161, 160, 159, 131, 130, 129].map((count) => {
      use(count)
      return `${count} ${budget.sample()}`
    })
    expect(levels).toEqual([
      '139 ok',
      '140 warn',
      '131 warn',
      '130 warn',
      '129 ok',
      '169 warn',
      '170 shed',
      '161 shed',
      '160 shed',
      '159 warn',
      '131 warn',
      '130 warn',
      '129 ok',
    ])
    expect(budget.used).toBe(129)
  })

  test('it notices by itself within two seconds and says so once, by class', async () => {
    const { budget, clock, lines } = budgetWith(200)
    await using _ = budget
    use(175)
    expect(budget.level).toBe('ok')
    await clock.advance(2_000)
    expect(budget.level).toBe('shed')
    await clock.advance(60_000)
    expect(lines.map((line) => [line.level, line.msg])).toEqual([
      [50, '175 of 200 descriptors are in use: new work is refused. GET /handles says which component holds the databases.'],
    ])
    expect(lines[0]?.classes?.file).toBeGreaterThanOrEqual(opened.length)
    use(100)
    await clock.advance(2_000)
    expect(lines.slice(1).map((line) => line.msg)).toEqual(['100 of 200 descriptors are in use: back to normal.'])
  })

  test('a burst between two ticks is noticed while it is admitted, and before the limit', async () => {
    const { budget } = budgetWith(400)
    await using _ = budget
    let admitted = 0
    while (budget.admits() && admitted < 400) {
      admitted++
      open(2)
    }
    expect(budget.used!).toBeGreaterThanOrEqual(340)
    expect(countDescriptors()).toBeLessThan(380)
    use(100)
    for (let count = 0; count <= 64; count++) budget.admits()
    expect(budget.admits()).toBe(true)
  })

  test('without a known limit all is well', async () => {
    const { budget } = budgetWith(Infinity)
    await using _ = budget
    open(100)
    expect([budget.sample(), budget.admits()]).toEqual(['ok', true])
  })

  test('its classes are those of the open descriptors', async () => {
    await using budget = startDescriptorBudget({
      clock: new FakeClock(),
      log: createLog('test', { level: 'silent' }),
      isDatabase: (path) => path === '/dev/zero',
    })
    opened.push(openSync('/dev/zero', 'r'))
    expect((await budget.use())?.classes.database).toBe(1)
    expect(budget.limit).toBeGreaterThan(0)
  })

  test('under ulimit -n 64 with nothing left it sheds, answers and recovers instead of crashing', () => {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    const code = `
      import { openSync, closeSync } from 'node:fs'
      import { startDescriptorBudget } from ${module('./descriptor-budget.ts')}
      import { silentLog } from ${module('../log.ts')}
      import { FakeClock } from ${module('../testing/fake-clock.ts')}
      const clock = new FakeClock()
      await using budget = startDescriptorBudget({ clock, log: silentLog, isDatabase: () => false })
      const said = [budget.limit, budget.level]
      const opened = []
      try { for (;;) opened.push(openSync('/dev/null')) } catch (error) { said.push(error.code) }
      await clock.advance(2_000)
      said.push(budget.level, budget.admits(), await budget.use())
      opened.forEach((descriptor) => closeSync(descriptor))
      await clock.advance(2_000)
      said.push(budget.level, budget.admits())
      console.log(said.join())`
    const output = execFileSync('sh', ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, code]).toString()
    expect(output.trim()).toBe('64,ok,EMFILE,shed,false,,ok,true')
  })
})
