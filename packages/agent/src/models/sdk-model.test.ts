import type { LanguageModelV4, LanguageModelV4StreamResult } from '@ai-sdk/provider'
import { expect, test, vi } from 'vitest'
import type { ModelCall, ModelPart } from './model.ts'
import { sdkModel } from './sdk-model.ts'

const CALL: ModelCall = { prompt: [], attempt: 1 }
const WORD: ModelPart = { type: 'text-delta', id: '0', delta: 'word' }

/** A model of the SDK that heeds no signal: its stream says one word and then nothing, until it is cancelled. */
function deafModel() {
  const cancelled = vi.fn<(reason: unknown) => void>()
  const answer = (): LanguageModelV4StreamResult => ({ stream: new ReadableStream({ start: (controller) => controller.enqueue(WORD), cancel: cancelled }) })
  const { promise, resolve } = Promise.withResolvers<LanguageModelV4StreamResult>()
  const modelOf = (doStream: LanguageModelV4['doStream']) => sdkModel({ doStream } as LanguageModelV4)
  return { cancelled, ready: modelOf(async () => answer()), late: modelOf(() => promise), beAnswered: () => resolve(answer()) }
}

test('stopping settles a read that the provider would let wait for ever, and cancels its stream', async () => {
  const { ready, cancelled } = deafModel()
  const controller = new AbortController()
  const parts = ready.stream(CALL, controller.signal)[Symbol.asyncIterator]()
  expect(await parts.next()).toEqual({ done: false, value: WORD })
  const failure = parts.next().catch((error: unknown) => error)
  const reason = new Error('enough')
  controller.abort(reason)
  expect(await failure).toBe(reason)
  expect(cancelled).toHaveBeenCalledWith(reason)
})

test('stopping does not wait for a provider that has not answered, and an answer that comes late is cancelled', async () => {
  const { late, beAnswered, cancelled } = deafModel()
  const controller = new AbortController()
  const parts = late.stream(CALL, controller.signal)[Symbol.asyncIterator]()
  const failure = parts.next().catch((error: unknown) => error)
  const reason = new Error('enough')
  controller.abort(reason)
  expect(await failure).toBe(reason)
  beAnswered()
  await vi.waitFor(() => expect(cancelled).toHaveBeenCalledWith(reason))
})

test('leaving in the middle cancels the stream and keeps no listener', async () => {
  const { ready, cancelled } = deafModel()
  const { signal } = new AbortController()
  const added = vi.spyOn(signal, 'addEventListener')
  const removed = vi.spyOn(signal, 'removeEventListener')
  for await (const part of ready.stream(CALL, signal)) {
    expect(part).toBe(WORD)
    break
  }
  expect(cancelled).toHaveBeenCalled()
  expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(added.mock.calls.map(([, listener]) => listener))
})

test('which attempt it is, is not the business of a provider', async () => {
  const doStream = vi.fn<LanguageModelV4['doStream']>(async () => ({ stream: new ReadableStream({ start: (controller) => controller.close() }) }))
  for await (const part of sdkModel({ doStream } as unknown as LanguageModelV4).stream(CALL, new AbortController().signal)) expect(part).toBeUndefined()
  expect(doStream).toHaveBeenCalledWith({ prompt: [], abortSignal: expect.any(AbortSignal) })
})
