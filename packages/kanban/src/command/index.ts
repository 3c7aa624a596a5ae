/** The command line of boards, for terminals and chats; loads neither the dispatcher nor a web framework. */
export { createChatCommand, type ChatCommand, type ChatCommandOptions, type ChatCommandSource } from './chat-command.ts'
export type { KanbanCommandOptions } from './command-options.ts'
export { createDispatcherProbe } from './dispatcher-probe.ts'
export { plannerOf } from '../graphs/planner-of.ts'
export { runKanbanCommand } from './kanban-command.ts'
