/** How a turn ended, and the type of its last event. */
export type TerminalStatus = 'completed' | 'incomplete' | 'failed' | 'cancelled' | 'interrupted'

const TERMINAL: ReadonlySet<string> = new Set<TerminalStatus>(['completed', 'incomplete', 'failed', 'cancelled', 'interrupted'])

/** Whether this status, or the type of this event, is the last of its turn. */
export function isTerminal(type: string): type is TerminalStatus {
  return TERMINAL.has(type)
}
