import { describe, expect, it } from 'vitest'
import { choice, count, optional, readArguments, rest, usageOf, word } from './arguments.ts'

describe('arguments', () => {
  it('are read in order, each by its kind', () => {
    const spec = { action: choice('run', 'pause'), times: count(9), text: rest() }
    expect(readArguments(spec, 'RUN 3 all of  it')).toEqual({ action: 'run', times: 3, text: 'all of  it' })
    expect(usageOf(spec)).toBe('run|pause <times> <text…>')
  })

  it('may be left out when they are optional, and only then', () => {
    expect(readArguments({ name: optional(word()) }, '')).toEqual({})
    expect(readArguments({ name: word() }, '')).toBeUndefined()
    expect(usageOf({ name: optional(word()), text: optional(rest('all')) })).toBe('[name] [all|text…]')
  })

  it('are refused when there is one too many or one that it cannot be', () => {
    expect(readArguments({}, 'x')).toBeUndefined()
    expect(readArguments({ times: count(9) }, '10')).toBeUndefined()
    expect(readArguments({ times: count(9) }, '0')).toBeUndefined()
    expect(readArguments({ times: optional(count(9)) }, 'two')).toBeUndefined()
    expect(readArguments({ state: choice('on') }, 'off')).toBeUndefined()
  })
})
