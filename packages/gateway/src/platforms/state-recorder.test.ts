import { silentLog } from '@talaria/core'
import type { PlatformState } from '@talaria/core/contracts'
import { expect, test } from 'vitest'
import { StateRecorder, type PlatformRecords } from './state-recorder.ts'

const entry = (state: PlatformState) => ({ state, reason: null, nextAttemptAt: null })

function recorderTo(record: PlatformRecords['record']) {
  const records = { record, setPaused: async () => {}, paused: async () => new Set<string>() }
  return new StateRecorder({ platform: 'twin', records, log: silentLog })
}

test('while a database hangs only the latest state waits, and they are written one after the other', async () => {
  const written: PlatformState[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  let underWay = 0
  const recorder = recorderTo(async (_, { state }) => {
    underWay += 1
    expect(underWay).toBe(1)
    written.push(state)
    await promise
    underWay -= 1
  })
  recorder.record(entry('connected'))
  await Promise.resolve()
  for (const state of ['backing_off', 'connected', 'failed'] as const) recorder.record(entry(state))
  resolve()
  await recorder.written()
  expect(written).toEqual(['connected', 'failed'])
})

test('a state that could not be written does not keep the next one from being written', async () => {
  const written: PlatformState[] = []
  const recorder = recorderTo(async (_, { state }) => {
    if (state === 'failed') throw new Error('The disk is gone.')
    written.push(state)
  })
  recorder.record(entry('failed'))
  await recorder.written()
  recorder.record(entry('stopped'))
  await recorder.written()
  expect(written).toEqual(['stopped'])
})
