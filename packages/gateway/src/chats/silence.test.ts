import { describe, expect, it } from 'vitest'
import { isSilence, mayBecomeSilence } from './silence.ts'

describe('silence', () => {
  it('is one of the markers and nothing else', () => {
    for (const marker of ['[SILENT]', 'SILENT', 'NO_REPLY', ' NO REPLY\n']) expect(isSilence(marker)).toBe(true)
    for (const text of ['', 'SILENT night', 'Say [SILENT]', 'silent']) expect(isSilence(text)).toBe(false)
  })

  it('can still come of the beginning of a marker, but not of other words', () => {
    for (const soFar of ['', '[', 'NO', 'NO ', 'NO_REPLY', 'SILENT ']) expect(mayBecomeSilence(soFar)).toBe(true)
    for (const soFar of ['N0', 'Not', 'SILENT n', '[x]']) expect(mayBecomeSilence(soFar)).toBe(false)
  })
})
