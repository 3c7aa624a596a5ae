import type { Actor, BoardStores, NewSubscription, OpenRun, TaskOrigin } from '@talaria/db'
import type { z } from 'zod'
import type { RunEnds } from '../workers/run-ends.ts'

/** Something that a model can do with a board: the same for workers, for the agent that people chat with, and over MCP. */
export interface KanbanTool {
  readonly name: string
  /** For the model. */
  readonly description: string
  /** What it takes: an object. */
  readonly input: z.ZodObject
  /** Who may call it; see {@link KanbanToolScope}. */
  readonly scope: KanbanToolScope
  /** Checks what it is given and does it; the answer is plain data, for JSON. @throws BoardError, and CheckError from a completion */
  run(context: KanbanToolContext, input: unknown): Promise<unknown>
}

/**
 * What a tool reaches. `board`: any task, for everybody. `own`: the life of a task, which a worker changes of its own
 * only, and others of whichever they name. `worker` and `people`: only for workers, or not for them.
 */
export type KanbanToolScope = 'board' | 'own' | 'worker' | 'people'

/** On whose behalf a tool is called, and on which board. */
export interface KanbanToolContext {
  readonly stores: BoardStores
  /** Whoever is written down for what the tool does; the model has no say in it. */
  readonly actor: Actor
  /** Present when a worker calls. */
  readonly worker?: CallingWorker
  /** The conversation that asks, written to tasks that are made. */
  readonly origin?: TaskOrigin
  /** Told of every task that is made. */
  readonly subscribers?: readonly NewSubscription[]
}

/** The worker that calls, and how its attempt can end. */
export interface CallingWorker {
  readonly open: OpenRun
  readonly ends: RunEnds
  readonly leaseMs: number
}
