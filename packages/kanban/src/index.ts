export type { Executor, SpawnRequest, WorkerExit, WorkerProcess } from './workers/executor.ts'
