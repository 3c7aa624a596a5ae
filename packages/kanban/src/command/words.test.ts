import { describe, expect, it } from 'vitest'
import { fromNow, lengthOf } from './age.ts'
import { cutText } from './cut-text.ts'
import { readTime } from './read-time.ts'
import { splitWords } from './split-words.ts'

describe('times as people say them', () => {
  // A Tuesday, in the time zone of whoever runs this.
  const now = new Date(2026, 10, 24, 14, 30).getTime()
  const at = (...parts: readonly [number, number, number, number?, number?]) => new Date(...parts).getTime()

  it.for([
    ['2h', at(2026, 10, 24, 16, 30)],
    ['in 1h30m', at(2026, 10, 24, 16, 0)],
    ['17:00', at(2026, 10, 24, 17, 0)],
    ['9:00', at(2026, 10, 25, 9, 0)],
    ['today 9:00', at(2026, 10, 24, 9, 0)],
    ['Tomorrow', at(2026, 10, 25, 9, 0)],
    ['tomorrow at 18:15', at(2026, 10, 25, 18, 15)],
    ['friday', at(2026, 10, 27, 9, 0)],
    ['tuesday 15:00', at(2026, 10, 24, 15, 0)],
    ['tuesday 14:00', at(2026, 11, 1, 14, 0)],
    ['2030-01-31', at(2030, 0, 31)],
    ['2030-01-31 09:00', at(2030, 0, 31, 9)],
    ['2030-01-31T09:00:00Z', Date.UTC(2030, 0, 31, 9)],
  ] as const)('%s', ([text, expected]) => {
    expect(readTime(text, now)).toBe(expected)
  })

  it.for(['', 'soon', '25:00', '9:60', 'someday', 'someday 9:00', '2030-02-30', '2030-01-31T25:00', 'tomorrow 9', '3'])('%j is none', (text) => {
    expect(readTime(text, now)).toBeUndefined()
  })
})

describe('lengths of time', () => {
  it('have the two units that matter', () => {
    expect([0, 59_999, 60_000, 3_600_000, 3_660_000, 86_400_000, 90_000_000].map(lengthOf)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '1 h',
      '1 h 1 min',
      '1 d',
      '1 d 1 h',
    ])
    expect([fromNow(1_000, 1_500), fromNow(0, 60_000), fromNow(60_000, 0)]).toEqual(['now', '1 min ago', 'in 1 min'])
  })
})

describe('a line of a chat', () => {
  it.for([
    ['create Fix it', ['create', 'Fix', 'it']],
    ['create "Fix it" --body=\'a b\'', ['create', 'Fix it', '--body=a b']],
    ['a “b c” „d e“', ['a', 'b c', 'd e']],
    ["the user's log-in", ['the', "user's", 'log-in']],
    ['a "b\nc"', ['a', 'b\nc']],
    ['"say \\"hi\\" \\n" C:\\x', ['say "hi" \\n', 'C:\\x']],
    ['a "lone quote', ['a', '"lone', 'quote']],
    ['--body "" x', ['--body', '', 'x']],
    ['  ', []],
  ] as const)('%j is parted as a shell would', ([line, words]) => {
    expect(splitWords(line)).toEqual(words)
  })
})

describe('a text that is too long', () => {
  it('keeps whole lines and says how many are missing; a single line keeps its beginning', () => {
    expect(cutText('short\n', 100)).toBe('short\n')
    const cut = cutText(Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n'), 200)
    expect(cut).toMatch(/^line 0\n[^]*\n… and 32 lines more: ask for less, or in a terminal\.$/)
    expect(cut.length).toBeLessThanOrEqual(200)
    expect(cutText('🚀'.repeat(60), 100)).toBe(`${'🚀'.repeat(49)}…`)
  })
})
