import { z } from 'zod'

const Common = {
  /** Tasks of this assignee that may run at once on one board. */
  max_running: z.int().min(1).optional(),
  max_runtime: z.string().optional(),
}

/**
 * Who works on the tasks of an assignee, from `kanban.workers.<assignee>` of `config.yaml`: the built-in agent, any command
 * line, or a service that is called over HTTP.
 */
export const WorkerDefinition = z.discriminatedUnion('executor', [
  z.strictObject({
    executor: z.literal('agent'),
    model: z.string().optional(),
    instructions: z.string().optional(),
    ...Common,
  }),
  z.strictObject({
    executor: z.literal('command'),
    /** A program and its arguments, run in the workspace without a shell. The task's context is its standard input. */
    command: z.array(z.string()).min(1),
    /** How it gets the task on standard input: as text for people and models unless given. */
    input: z.enum(['text', 'json']).optional(),
    env: z.record(z.string(), z.string()).optional(),
    ...Common,
  }),
  z.strictObject({
    executor: z.literal('http'),
    /** Gets the context by POST and answers with the result. */
    url: z.url({ protocol: /^https?$/ }),
    headers: z.record(z.string(), z.string()).optional(),
    ...Common,
  }),
])
export type WorkerDefinition = z.output<typeof WorkerDefinition>

/** Who works for an assignee that is not configured. */
export const BUILT_IN_AGENT: WorkerDefinition = { executor: 'agent' }
