/**
 * The vocabulary of every service. Nothing here does IO on import.
 *
 * This entry point loads Node's own modules and pino, nothing else. What loads a heavier library has an entry point of
 * its own, so that a command which needs a clock does not wait for a web framework:
 *
 * - `@talaria/core/config`: settings as tables, out of environment, `.env` and `config.yaml` (zod; yaml when there is a file)
 * - `@talaria/core/contracts`: zod schemas for what crosses processes (zod)
 * - `@talaria/core/http`: the HTTP server, the operator's routes, the guard of the Host header (hono)
 * - `@talaria/core/metrics`: gauges and counters for Prometheus (prom-client)
 * - `@talaria/core/testing`: a clock to turn by hand, and the comparison of open descriptors
 */
export { systemClock, type Clock } from './clock.ts'
export { DescriptorBudget, startDescriptorBudget, type BudgetLevel, type DescriptorBudgetOptions } from './descriptors/descriptor-budget.ts'
export { descriptorLimits, type DescriptorLimits } from './descriptors/descriptor-limits.ts'
export { countDescriptors, descriptorUse, type DescriptorClass, type DescriptorUse, type IsDatabase } from './descriptors/open-descriptors.ts'
export { ensureSecrets } from './ensure-secrets.ts'
export type { Env } from './env.ts'
export { codeOf, messageOf, TalariaError } from './errors.ts'
export { startEventLoopDelay, type EventLoopDelay, type LoopDelay } from './event-loop-delay.ts'
export { homePaths, talariaHome, type HomePaths } from './home.ts'
export { createId, uuidv7 } from './ids.ts'
export { jsonError, type JsonError } from './json-error.ts'
export { createLog, silentLog, type Log, type LogOptions } from './log.ts'
export { startLoop, type Loop, type LoopOptions } from './loop.ts'
export { RotatingFile, type RotatingFileOptions } from './rotating-file.ts'
export { isProcessAlive, processStarted } from './process-identity.ts'
export { redactSecrets } from './redact-secrets.ts'
export { judgeSecret, secretsEqual, SHORTEST_SECRET, type SecretProblem } from './secret.ts'
export { listenForShutdown, type Shutdown, type ShutdownOptions } from './shutdown.ts'
export { talariaVersion } from './version.ts'
