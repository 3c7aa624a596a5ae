import type { Clock } from '@talaria/core'
import type { Actor, Databases, TaskOrigin } from '@talaria/db'
import type { Planner } from '../graphs/planner.ts'
import { cutText } from './cut-text.ts'
import { runKanbanCommand } from './kanban-command.ts'
import { splitWords } from './split-words.ts'

/** As much as one message of every chat platform takes, with room for what marks it up. */
const LONGEST = 3_800

export interface ChatCommandOptions {
  readonly databases: Databases
  readonly clock: Clock
  readonly isDispatcherRunning?: () => Promise<boolean>
  /** Asks a model about tasks in triage. */
  readonly planner?: Planner
}

/** Who typed a command in a chat. */
export interface ChatCommandSource {
  readonly actor: Actor
  readonly origin: TaskOrigin
  /** Whether they may reach beyond the boards: files and commands of this host, and the chats of others. */
  readonly isAdmin: boolean
  /** How the command is typed there: `/kanban`. */
  readonly name: string
}

/** What answers `/kanban …`: the line after it, and who typed it, give Markdown. Opens nothing. */
export type ChatCommand = (line: string, source: ChatCommandSource) => Promise<string>

/** Makes what answers `/kanban …` in chats. It never follows, and never reads standard input. */
export function createChatCommand({ databases, clock, isDispatcherRunning, planner }: ChatCommandOptions): ChatCommand {
  return async (line, { actor, origin, isAdmin, name }) => {
    let said = ''
    const write = (text: string) => void (said += text)
    await runKanbanCommand(splitWords(line), {
      databases,
      clock,
      actor,
      origin,
      name,
      write,
      writeError: write,
      signal: new AbortController().signal,
      isTerminal: false,
      isAdmin,
      canFollow: false,
      ...(isDispatcherRunning && { isDispatcherRunning }),
      ...(planner && { planner: async () => planner }),
    })
    return markdownOf(cutText(said.trim(), LONGEST))
  }
}

/** Tables keep their columns in a block of code; a sentence is one. */
function markdownOf(text: string): string {
  if (!text.includes('\n')) return text
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text}\n${fence}`
}
