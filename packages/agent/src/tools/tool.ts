import type { ToolDefinition } from '../agent.ts'

/** What a running tool is given beside its arguments. */
export interface ToolContext {
  /** The conversation that the turn belongs to. */
  readonly sessionId: string
  /** Aborts when the turn is over; a tool that does not heed it is abandoned. */
  readonly signal: AbortSignal
  /** Tells whoever watches the turn how far the tool is. */
  readonly progress: (text: string) => void
}

/** Something the agent itself can do when the model asks for it. */
export interface Tool extends Required<Pick<ToolDefinition, 'name' | 'description' | 'parameters'>> {
  /** Ask before it runs, whatever the settings say. */
  readonly needsApproval?: boolean
  /**
   * Runs with the arguments as the model wrote them, parsed but not checked, and returns what the model is told.
   * Throwing is an answer too: the model reads the message and may do better.
   */
  run(args: unknown, context: ToolContext): Promise<string> | string
}
