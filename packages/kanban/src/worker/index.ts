/** What runs in a worker's process. It loads no database: what a worker wants to know or change it asks the dispatcher. */
export { WORKER_ENV } from '../workers/worker-protocol.ts'
export { runWorker, type RunWorkerOptions, type WorkerOutcome } from './run-worker.ts'
