import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from '@ai-sdk/provider'
import type { AgentRequest, Sampling, ToolDefinition } from '../agent.ts'
import type { ModelCall } from '../models/model.ts'
import type { Tool } from '../tools/tool.ts'

/** What the model is offered in a turn, and whose each tool is. */
export interface OfferedTools {
  readonly offered: LanguageModelV4FunctionTool[]
  readonly serverTools: readonly Tool[]
  readonly isClientTool: (name: string) => boolean
}

/**
 * The client's tools, then the server's. A client's tool hides a server tool of the same name; and a client that
 * demands a call (`required`) is offered only its own, because it waits for one that it can run.
 */
export function toolsOf({ clientTools = [], toolChoice }: AgentRequest, tools: readonly Tool[]): OfferedTools {
  const clientNames = new Set(clientTools.map(({ name }) => name))
  const serverTools = toolChoice === 'required' && clientNames.size > 0 ? [] : tools.filter(({ name }) => !clientNames.has(name))
  return { offered: [...clientTools, ...serverTools].map(functionToolOf), serverTools, isClientTool: (name) => clientNames.has(name) }
}

function functionToolOf(tool: ToolDefinition): LanguageModelV4FunctionTool {
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description !== undefined && { description: tool.description }),
    inputSchema: tool.parameters,
    ...(tool.strict !== undefined && { strict: tool.strict }),
  }
}

const REASONING_LEVELS: readonly (string | undefined)[] = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
] satisfies LanguageModelV4CallOptions['reasoning'][]

/** How the model is to answer in one step. `spentTokens` is what earlier steps of the turn have used of its output limit. */
export function callOptionsOf(
  { toolChoice, sampling = {} }: AgentRequest,
  { offered, isFirstStep, spentTokens }: { readonly offered: LanguageModelV4FunctionTool[]; readonly isFirstStep: boolean; readonly spentTokens: number },
): Omit<ModelCall, 'prompt' | 'attempt'> {
  const { responseFormat: format } = sampling
  return {
    ...samplingOf(sampling),
    ...(sampling.maxOutputTokens !== undefined && { maxOutputTokens: sampling.maxOutputTokens - spentTokens }),
    ...(offered.length > 0 && { tools: offered, toolChoice: toolChoiceOf(toolChoice, isFirstStep) }),
    ...(format && { responseFormat: format }),
    providerOptions: {
      // Conversations are kept here, not at the provider.
      openai: { store: false, ...(format?.strict !== undefined && { strictJsonSchema: format.strict }) },
      ...(format?.strict !== undefined && { openaiCompatible: { strictJsonSchema: format.strict } }),
    },
  }
}

function samplingOf(sampling: Sampling): Partial<ModelCall> {
  return {
    ...(sampling.temperature !== undefined && { temperature: sampling.temperature }),
    ...(sampling.topP !== undefined && { topP: sampling.topP }),
    ...(sampling.stop && sampling.stop.length > 0 && { stopSequences: [...sampling.stop] }),
    ...(sampling.seed !== undefined && { seed: sampling.seed }),
    ...(sampling.presencePenalty !== undefined && { presencePenalty: sampling.presencePenalty }),
    ...(sampling.frequencyPenalty !== undefined && { frequencyPenalty: sampling.frequencyPenalty }),
    ...(REASONING_LEVELS.includes(sampling.reasoningEffort) && { reasoning: sampling.reasoningEffort as NonNullable<LanguageModelV4CallOptions['reasoning']> }),
  }
}

/** A demanded call is demanded once: demanded again after its result, the model could never answer. */
function toolChoiceOf(choice: AgentRequest['toolChoice'], isFirstStep: boolean): NonNullable<LanguageModelV4CallOptions['toolChoice']> {
  if (choice === 'none') return { type: 'none' }
  if (!isFirstStep || choice === undefined || choice === 'auto') return { type: 'auto' }
  return choice === 'required' ? { type: 'required' } : { type: 'tool', toolName: choice.name }
}
