import type { LanguageModelV4FinishReason } from '@ai-sdk/provider'
import type { FinishReason } from '../../agent.ts'
import type { ModelCall, ModelPart } from '../model.ts'
import type { Output } from './output.ts'
import { promptTokens, tokensOf } from './token-count.ts'

const UNIFIED: Readonly<Record<FinishReason, LanguageModelV4FinishReason['unified']>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  content_filter: 'content-filter',
}

/** The end of an answer: why, and what it cost. */
export function finishPartOf(output: Output, prompt: ModelCall['prompt'], reason: FinishReason): ModelPart {
  const inputTokens = promptTokens(prompt)
  const total = tokensOf(output.chars)
  const reasoning = Math.min(total, tokensOf(output.reasoningChars))
  return {
    type: 'finish',
    finishReason: { unified: UNIFIED[reason], raw: reason },
    usage: {
      inputTokens: { total: inputTokens, noCache: inputTokens, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total, text: total - reasoning, reasoning },
    },
  }
}
