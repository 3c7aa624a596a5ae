export { systemClock, type Clock } from './clock.ts'
export { codeOf, messageOf, TalariaError } from './errors.ts'
export { createId, uuidv7 } from './ids.ts'
export { createLog, silentLog, type Log } from './log.ts'
