import type { Schedule } from '@talaria/core/schedule'
import type { Actor, NewTask } from './records.ts'

/** What each task of a routine is; its times and its keys are the routine's to give. */
export type RoutineTemplate = Omit<NewTask, 'idempotencyKey' | 'idempotencyScope' | 'routine' | 'madeByRun' | 'notBefore' | 'dueAt'>

/** What a routine makes, and when. */
export interface RoutineDefinition {
  readonly name: string
  readonly template: RoutineTemplate
  readonly schedules: readonly Schedule[]
  readonly timezone: string
  /** What becomes of times that passed while no dispatcher ran: none is made up for, one task stands for all, or each has one. */
  readonly catchUp: 'skip' | 'one' | 'all'
  /** What becomes of a time while a task of the routine is not done: it makes none, or one that waits for the former. */
  readonly overlap: 'skip' | 'queue'
}

/** Makes a task at each of its times, once, however many dispatchers look. */
export interface Routine extends RoutineDefinition {
  readonly id: string
  readonly state: 'scheduled' | 'paused'
  readonly createdBy: Actor
  readonly createdAt: number
  readonly updatedAt: number
  readonly revision: number
  /** When `nextSlot` was worked out. */
  readonly plannedAt: number
  /** None while it is paused, and after the last of its times. */
  readonly nextSlot: number | null
  /** Tasks that it has made. */
  readonly fired: number
  readonly lastTask: number | null
}

/** What is to be done about a routine whose time has come. */
export interface RoutineFiring {
  /** Times that make a task, oldest first. */
  readonly slots: readonly number[]
  /** Times that passed and make none. */
  readonly missed: number
  readonly nextSlot: number | null
  /** Instead of those that it had: intervals begin anew when the clock was put back. */
  readonly schedules?: readonly Schedule[]
}
