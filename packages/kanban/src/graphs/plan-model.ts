import type { z } from 'zod'

/** What a model is asked, once. */
export interface PlanQuestion<Schema extends z.ZodType> {
  /** A short word for the answer, which some providers want. */
  readonly name: string
  readonly instructions: string
  readonly text: string
  /** What the answer must be. */
  readonly schema: Schema
}

/** A model that answers with a value. */
export interface PlanModel {
  /** @throws PlanError, and the reason of the signal */
  ask<Schema extends z.ZodType>(question: PlanQuestion<Schema>, signal: AbortSignal): Promise<z.output<Schema>>
}
