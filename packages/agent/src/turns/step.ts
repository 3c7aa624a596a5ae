import type {
  LanguageModelV4Message,
  LanguageModelV4ReasoningPart,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider'
import type { AgentEvent, FinishReason, ToolCall, Usage } from '../agent.ts'
import type { ModelPart } from '../models/model.ts'
import { toolCallPartOf } from './prompt.ts'
import { NO_USAGE } from './usage.ts'

/** A call the model made, and whose business it is. */
export interface StepCall extends ToolCall {
  readonly runs: 'client' | 'server'
}

const NOTHING: readonly AgentEvent[] = []

/** What one call of the model comes to: takes its parts one by one, turns them into events, and keeps what the next call must see. */
export class Step {
  readonly calls: StepCall[] = []
  usage = NO_USAGE
  finishReason: FinishReason = 'stop'
  readonly #isClientTool: (name: string) => boolean
  readonly #said: (LanguageModelV4TextPart | LanguageModelV4ReasoningPart | LanguageModelV4ToolCallPart)[] = []
  readonly #announced = new Set<string>()
  #block: LanguageModelV4TextPart | LanguageModelV4ReasoningPart | undefined

  constructor(isClientTool: (name: string) => boolean) {
    this.#isClientTool = isClientTool
  }

  /** The events of a part. */
  accept(part: ModelPart): readonly AgentEvent[] {
    switch (part.type) {
      case 'text-delta':
        return this.#say('text', part.delta, part.providerMetadata) ? [{ type: 'text.delta', text: part.delta }] : NOTHING
      case 'reasoning-delta':
        return this.#say('reasoning', part.delta, part.providerMetadata) ? [{ type: 'reasoning.delta', text: part.delta }] : NOTHING
      case 'text-start':
      case 'reasoning-start':
        this.#block = undefined
        this.#say(part.type === 'text-start' ? 'text' : 'reasoning', '', part.providerMetadata)
        return NOTHING
      case 'text-end':
      case 'reasoning-end':
        this.#say(part.type === 'text-end' ? 'text' : 'reasoning', '', part.providerMetadata)
        this.#block = undefined
        return NOTHING
      case 'tool-input-start':
        return this.#announce(part.id, part.toolName)
      case 'tool-input-delta':
        return part.delta === '' ? NOTHING : [{ type: 'tool.progress', id: part.id, argumentsDelta: part.delta }]
      case 'tool-call':
        return this.#call({ id: part.toolCallId, name: part.toolName, arguments: part.input }, part.providerMetadata)
      case 'finish':
        this.usage = usageOf(part.usage)
        this.finishReason = finishReasonOf(part.finishReason.unified)
        return NOTHING
      default:
        return NOTHING
    }
  }

  /** What the model said and called, for its next step; `undefined` when that was nothing. */
  get message(): LanguageModelV4Message | undefined {
    const content = this.#said.filter((part) => part.type === 'tool-call' || part.text !== '' || part.providerOptions)
    return content.length > 0 ? { role: 'assistant', content } : undefined
  }

  /** Keeps what was said, with the provider's signatures: Anthropic and OpenAI want reasoning back as they sent it before they go on after a tool. */
  #say(type: 'text' | 'reasoning', text: string, metadata: SharedV4ProviderMetadata | undefined): boolean {
    const block = this.#block?.type === type ? this.#block : this.#begin({ type, text: '' })
    block.text += text
    if (metadata) block.providerOptions = { ...block.providerOptions, ...metadata }
    return text !== ''
  }

  #begin(block: LanguageModelV4TextPart | LanguageModelV4ReasoningPart): LanguageModelV4TextPart | LanguageModelV4ReasoningPart {
    this.#said.push(block)
    this.#block = block
    return block
  }

  #announce(id: string, name: string): readonly AgentEvent[] {
    if (this.#announced.has(id)) return NOTHING
    this.#announced.add(id)
    this.#block = undefined
    return [{ type: 'tool.started', id, name, runs: this.#isClientTool(name) ? 'client' : 'server' }]
  }

  #call(call: ToolCall, metadata: SharedV4ProviderMetadata | undefined): readonly AgentEvent[] {
    const runs = this.#isClientTool(call.name) ? 'client' : 'server'
    this.calls.push({ ...call, runs })
    this.#said.push({ ...toolCallPartOf(call), ...(metadata && { providerOptions: metadata }) })
    const started = this.#announce(call.id, call.name)
    return runs === 'client' ? [...started, { type: 'tool.finished', ...call, runs }] : started
  }
}

function usageOf({ inputTokens, outputTokens }: Extract<ModelPart, { type: 'finish' }>['usage']): Usage {
  return {
    inputTokens: inputTokens.total ?? 0,
    outputTokens: outputTokens.total ?? 0,
    reasoningTokens: outputTokens.reasoning ?? 0,
    cachedInputTokens: inputTokens.cacheRead ?? 0,
  }
}

function finishReasonOf(unified: Extract<ModelPart, { type: 'finish' }>['finishReason']['unified']): FinishReason {
  if (unified === 'length') return 'length'
  return unified === 'content-filter' ? 'content_filter' : 'stop'
}
