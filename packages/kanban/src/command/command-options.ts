import type { Clock } from '@talaria/core'
import type { Actor, Databases, TaskOrigin } from '@talaria/db'
import type { Planner } from '../graphs/planner.ts'

/** What a command is given by the surface it was typed on: a terminal, or a chat. */
export interface KanbanCommandOptions {
  readonly databases: Databases
  readonly clock: Clock
  readonly actor: Actor
  /** Takes what was found, in whole lines. */
  readonly write: (text: string) => void
  /** Takes what went wrong, and what is said beside the answer. */
  readonly writeError: (text: string) => void
  /** Ends what follows a board, such as `watch`. */
  readonly signal: AbortSignal
  /** Whether colours are seen. */
  readonly isTerminal: boolean
  /** What is typed before the command, for help and hints; `talaria kanban` unless given. */
  readonly name?: string
  /** Instead of the board that was chosen with `boards switch`. */
  readonly board?: string
  /** The conversation that asks: its chat is told of the tasks that it makes. */
  readonly origin?: TaskOrigin
  /** Who `--mine` means where there is no conversation. */
  readonly user?: string
  /** Whether whoever typed it may reach beyond the boards: files and commands of this host, and the chats of others. */
  readonly isAdmin: boolean
  /** Whether output may go on for as long as the signal lets it. */
  readonly canFollow: boolean
  /** All of standard input; absent where there is none. */
  readonly readInput?: () => Promise<string>
  /** Whether somebody begins the tasks of this home; absent where nobody can tell. */
  readonly isDispatcherRunning?: () => Promise<boolean>
  /** What asks a model about tasks in triage, opened when it is first wanted; absent where there is none. */
  readonly planner?: () => Promise<Planner>
}
