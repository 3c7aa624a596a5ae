import { summarize } from '../turns/messages-of-events.ts'
import type { Outcome, SettleResponse } from '../turns/settle-turn.ts'
import { endingFields, ResponseAssembler, responseStatusOf } from './response-stream.ts'

/** What is written of a response when its turn ends: status, the complete envelope, and the items of the answer. */
export function settledResponse(responseId: string, envelope: Readonly<Record<string, unknown>>, outcome: Outcome): ReturnType<SettleResponse> {
  const assembler = new ResponseAssembler(responseId)
  for (const event of outcome.events) assembler.add(event)
  assembler.finish(outcome.status)
  const data = { finishReason: outcome.finishReason, ...(outcome.error && { error: outcome.error }), usage: summarize(outcome.events).usage }
  return { status: responseStatusOf(outcome.status), envelope: { ...envelope, ...endingFields(outcome.status, data) }, output: assembler.output }
}
