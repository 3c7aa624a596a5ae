import type { LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider'

/** What is asked of a model, in the words of the AI SDK's provider interface. */
export interface ModelCall extends Omit<LanguageModelV4CallOptions, 'abortSignal' | 'headers' | 'includeRawChunks'> {
  /** Which attempt at this answer it is, counted from 1. */
  readonly attempt: number
}

/** A piece of an answer, in the words of the AI SDK's provider interface. */
export type ModelPart = LanguageModelV4StreamPart

/**
 * What the agent needs of a model: narrower than the AI SDK's `LanguageModelV4`, so that a model in this process need
 * not pay for a `ReadableStream` (half of the cost of a short answer), and every provider of the SDK fits by `sdkModel`.
 */
export interface Model {
  /**
   * Streams one answer: any parts, then a `finish`. Throws, or yields a part `error`, when it fails. Ends promptly when
   * `signal` aborts, and holds nothing once it has ended or its iterator was returned.
   */
  stream(call: ModelCall, signal: AbortSignal): AsyncIterable<ModelPart>
}
