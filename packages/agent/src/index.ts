export type {
  Agent,
  AgentEvent,
  AgentMessage,
  AgentRequest,
  ApprovalAnswer,
  ApprovalRequest,
  ContentPart,
  FailureClass,
  FinishReason,
  ModelListing,
  Sampling,
  ToolCall,
  ToolDefinition,
  Usage,
} from './agent.ts'
export { AgentError, type AgentErrorCode } from './agent-error.ts'
export { parseAgentSettings, type AgentSettings, type AgentSettingsInput } from './agent-settings.ts'
export { createAgent, type AgentOptions } from './create-agent.ts'
export { FAILURES, type Failure, type FailureCode } from './failures.ts'
export { openTranscriber, type Recording, type Transcriber, type TranscriberSettings } from './open-transcriber.ts'
export { currentTime } from './tools/current-time.ts'
export { defineTool } from './tools/define-tool.ts'
export type { Tool, ToolContext } from './tools/tool.ts'
