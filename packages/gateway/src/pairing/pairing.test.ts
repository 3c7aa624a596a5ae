import { createLog, silentLog } from '@talaria/core'
import { FakeClock } from '@talaria/core/testing'
import { checkForLeaks, openTestDatabases } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { isPairingCode } from './pairing-code.ts'
import { Pairing } from './pairing.ts'

checkForLeaks()

function openPairing() {
  const clock = new FakeClock()
  const open = openTestDatabases({ clock })
  const store = open.databases.gateway.pairing
  const pairing = new Pairing({ store, clock, log: silentLog })
  const request = (userId: string, platform = 'twin') => pairing.request({ platform, userId, userName: undefined })
  return { clock, store, pairing, request, [Symbol.asyncDispose]: () => open[Symbol.asyncDispose]() }
}

describe('pairing', () => {
  it('makes a stranger known by the code that they were shown, once', async () => {
    await using test = openPairing()
    const code = (await test.request('ada'))!
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{8}$/)
    expect(await test.pairing.isPaired('twin', 'ada')).toBe(false)
    expect(await test.pairing.approve('twin', ` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `)).toMatchObject({
      kind: 'approved',
      user: { userId: 'ada' },
    })
    expect(await test.pairing.isPaired('twin', 'ada')).toBe(true)
    expect(await test.pairing.isPaired('other', 'ada')).toBe(false)
    expect(await test.pairing.approve('twin', code)).toEqual({ kind: 'wrong_code' })
    expect(await test.pairing.revoke('twin', 'ada')).toBe(true)
    expect(await test.pairing.isPaired('twin', 'ada')).toBe(false)
  })

  it('keeps nothing of a code but a salted hash', async () => {
    await using test = openPairing()
    const code = (await test.request('ada'))!
    const [row] = await test.pairing.pending()
    expect(JSON.stringify(row)).not.toContain(code)
    expect(await isPairingCode(code, row!)).toBe(true)
    expect(await isPairingCode(code, { ...row!, salt: `${row!.salt}x` })).toBe(false)
  })

  it('gives one code in ten minutes, and three at once on a platform', async () => {
    await using test = openPairing()
    const first = (await test.request('ada'))!
    expect(await test.request('ada')).toBeUndefined()
    expect([await test.request('bob'), await test.request('cid')]).not.toContain(undefined)
    expect(await test.request('dan')).toBeUndefined()
    expect(await test.request('dan', 'other')).toBeDefined()
    await test.clock.advance(600_000)
    const second = (await test.request('ada'))!
    expect(await test.pairing.approve('twin', first)).toEqual({ kind: 'wrong_code' })
    expect(await test.pairing.approve('twin', second)).toMatchObject({ kind: 'approved' })
  })

  it('takes a code for an hour, and on its own platform only', async () => {
    await using test = openPairing()
    const code = (await test.request('ada'))!
    expect(await test.pairing.approve('other', code)).toEqual({ kind: 'wrong_code' })
    await test.clock.advance(3_600_000)
    expect(await test.pairing.approve('twin', code)).toEqual({ kind: 'wrong_code' })
    expect(await test.pairing.pending()).toEqual([])
  })

  it('takes no code for an hour after five wrong ones, not even the right one, however they come', async () => {
    await using test = openPairing()
    const code = (await test.request('ada'))!
    const wrong = Array.from({ length: 20 }, (_, index) => `AAAAAA${String(index).padStart(2, '2').replaceAll(/[01]/g, '9')}`)
    const kinds = (await Promise.all(wrong.map((guess) => test.pairing.approve('twin', guess)))).map(({ kind }) => kind)
    expect(kinds).toEqual([...Array.from({ length: 4 }, () => 'wrong_code'), ...Array.from({ length: 16 }, () => 'locked')])
    expect(await test.pairing.approve('twin', code)).toMatchObject({ kind: 'locked' })
    expect(await test.pairing.isPaired('twin', 'ada')).toBe(false)
    await test.clock.advance(3_600_000)
    const later = (await test.request('ada'))!
    expect(await test.pairing.approve('twin', later)).toMatchObject({ kind: 'approved' })
  })

  it('tries no more than five codes on a locked platform: the others are not even compared', async () => {
    await using test = openPairing()
    await test.request('ada')
    let compared = 0
    const counting = new Proxy(test.store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target)
        if (name === 'approve') compared++
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    const pairing = new Pairing({ store: counting, clock: test.clock, log: silentLog })
    await Promise.all(Array.from({ length: 50 }, () => pairing.approve('twin', 'AAAAAAAA')))
    expect(compared).toBe(5)
  })

  it('says in the log that codes were wrong, and not which', async () => {
    await using test = openPairing()
    const lines: string[] = []
    const pairing = new Pairing({ store: test.store, clock: test.clock, log: createLog('test', { destination: { write: (line) => void lines.push(line) } }) })
    await pairing.approve('twin', 'QQQQQQQQ')
    expect(lines.join()).toContain('a pairing code was wrong')
    expect(lines.join()).not.toContain('QQQQQQQQ')
  })
})
