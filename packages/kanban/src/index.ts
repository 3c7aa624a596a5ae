export { DEFAULT_BOARD, Kanban, type KanbanOptions } from './kanban.ts'
export { kanbanSettings, type KanbanSettings } from './settings.ts'
export type { Executor, SpawnRequest, WorkerExit, WorkerProcess } from './workers/executor.ts'
export { ProcessExecutor, type ProcessExecutorOptions } from './workers/process-executor.ts'
