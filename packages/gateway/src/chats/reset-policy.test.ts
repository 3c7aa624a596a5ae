import { describe, expect, it } from 'vitest'
import { parseResetPolicy, resetDue } from './reset-policy.ts'

const at = (day: number, hour: number) => new Date(2026, 5, day, hour).getTime()

describe('reset policies', () => {
  it('are read as people write them', () => {
    expect(parseResetPolicy('none')).toEqual({})
    expect(parseResetPolicy('idle')).toEqual({ idleMinutes: 1_440 })
    expect(parseResetPolicy('idle:90, daily:5')).toEqual({ idleMinutes: 90, dailyAtMinute: 300 })
    expect(parseResetPolicy('manual')).toEqual({})
    expect(parseResetPolicy('idle 2h, Daily 04:30')).toEqual({ idleMinutes: 120, dailyAtMinute: 270 })
    expect(parseResetPolicy('idle:3d')).toEqual({ idleMinutes: 4_320 })
    for (const wrong of ['', 'daily:4:60', 'idle:2w', 'idle:', 'daily 4 5', 'daily:24', 'idle:0', 'weekly', 'none:1'])
      expect(parseResetPolicy(wrong), wrong).toBeUndefined()
  })

  it('begin anew after a pause, when told to', () => {
    expect(resetDue({ idleMinutes: 60 }, at(1, 9), at(1, 10))).toBe('idle')
    expect(resetDue({ idleMinutes: 60 }, at(1, 9) + 1, at(1, 10))).toBeUndefined()
    expect(resetDue({}, at(1, 9), at(30, 9))).toBeUndefined()
  })

  it('begin anew once a day at an hour, when told to', () => {
    expect(resetDue({ dailyAtMinute: 240 }, at(1, 3), at(1, 5))).toBe('daily')
    expect(resetDue({ dailyAtMinute: 240 }, at(1, 5), at(2, 3))).toBeUndefined()
    expect(resetDue({ dailyAtMinute: 240 }, at(1, 5), at(2, 4))).toBe('daily')
  })
})
