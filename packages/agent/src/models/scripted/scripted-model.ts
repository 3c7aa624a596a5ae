import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@talaria/core'
import type { FinishReason } from '../../agent.ts'
import type { Model, ModelCall, ModelPart } from '../model.ts'
import { callPartsOf } from './call-parts.ts'
import { conversationOf } from './conversation.ts'
import { finishPartOf } from './finish-part.ts'
import { Output } from './output.ts'
import { planOf } from './plan.ts'
import { ScriptedFailure } from './scripted-failure.ts'
import { speechOf } from './speech.ts'

/** After so many chunks the event loop gets its turn: chunks in a row are microtasks, which let nobody in. */
const CHUNKS_IN_A_ROW = 256

/** The longest a Node timer can wait, 24.8 days. */
const FOREVER_MS = 2 ** 31 - 1

/**
 * The built-in model: what answers before a real one is configured, and what tests run on. It does what the script in
 * the last user message says, else it repeats what it was given. Always the same for the same conversation.
 *
 * @see docs/scripted-model.md
 */
export function scriptedModel(clock: Clock): Model {
  return { stream: (call, signal) => answer(call, clock, signal) }
}

async function* answer(call: ModelCall, clock: Clock, signal: AbortSignal): AsyncGenerator<ModelPart> {
  signal.throwIfAborted()
  const conversation = conversationOf(call.prompt)
  const output = new Output({ maxTokens: call.maxOutputTokens, stops: call.stopSequences })
  let chunks = 0
  let calls = 0
  let finish: FinishReason | undefined
  for (const instruction of planOf(call, conversation)) {
    if (output.ended || finish) break
    const speech = speechOf(instruction, call, conversation)
    if (speech) {
      const { block, everyMs } = speech
      // One line of a script is one line of the answer.
      let prefix = block === 'text' && output.hasText ? '\n' : ''
      let dueAt = clock.monotonic()
      for (const chunk of speech.chunks) {
        const waitMs = everyMs > 0 ? dueAt - clock.monotonic() : 0
        if (waitMs > 0) await clock.delay(waitMs, signal)
        else if (++chunks % CHUNKS_IN_A_ROW === 0) await setImmediate()
        signal.throwIfAborted()
        const delta = output.take(block, prefix + chunk)
        if (delta !== '') yield block === 'text' ? { type: 'text-delta', id: block, delta } : { type: 'reasoning-delta', id: block, delta }
        if (output.ended) break
        prefix = ''
        dueAt += everyMs
      }
    } else if (instruction.do === 'call') {
      const id = `call_${conversation.calls + ++calls}`
      for (const part of callPartsOf(instruction, { id, call, output })) yield part
    } else if (instruction.do === 'pause' || instruction.do === 'hang') {
      await clock.delay(instruction.do === 'pause' ? instruction.ms : FOREVER_MS, signal)
    } else if (instruction.do === 'fail') {
      if (call.attempt <= instruction.times) throw new ScriptedFailure(instruction)
    } else if (instruction.do === 'finish') {
      finish = instruction.reason
    }
  }
  const held = output.flush()
  if (held !== '') yield { type: 'text-delta', id: 'text', delta: held }
  yield finishPartOf(output, call.prompt, output.ended ?? finish ?? (calls > 0 ? 'tool_calls' : 'stop'))
}
