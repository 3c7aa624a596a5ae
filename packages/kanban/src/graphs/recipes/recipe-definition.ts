import { TaskSettingsSchema } from '@talaria/db'
import { z } from 'zod'

/** What a recipe may hold at most. */
export const RECIPE_LIMITS = { nodes: 256, edges: 2_048, roles: 64, inputs: 64, bytes: 1_048_576 } as const

const key = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'a letter, then up to 63 letters, digits, - and _')
const value = z.union([z.string(), z.number(), z.boolean()])

const Input = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean']),
  description: z.string().max(1_000).exactOptional(),
  /** Without it the input must be given. */
  default: value.exactOptional(),
  /** The only values that are taken. */
  enum: z.array(value).min(1).max(100).exactOptional(),
})

const Role = z.strictObject({
  description: z.string().max(1_000).exactOptional(),
  /** Who has the role unless it is bound to somebody else; one named like the role unless given. */
  assignee: z.string().min(1).max(200).exactOptional(),
})

const Need = z.union([key, z.strictObject({ key, on: z.enum(['success', 'failure', 'always']) })])

const Node = z.strictObject({
  key,
  role: key.exactOptional(),
  title: z.string().min(1).max(500),
  body: z.string().max(1_000_000).exactOptional(),
  needs: z.array(Need).exactOptional(),
  task: z
    .strictObject({
      priority: z.int().exactOptional(),
      tenant: z.string().exactOptional(),
      labels: z.array(z.string()).exactOptional(),
      estimateMinutes: z.int().positive().exactOptional(),
      parentsMode: z.enum(['all', 'any']).exactOptional(),
      isTriage: z.boolean().exactOptional(),
      reviewer: z.string().exactOptional(),
      settings: TaskSettingsSchema.exactOptional(),
    })
    .exactOptional(),
})

/** A recipe as its author writes it, version 1: tasks that wait for each other, with inputs and roles to fill in. */
export const RecipeDefinition = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(200),
  description: z.string().max(10_000).exactOptional(),
  inputs: z.record(key, Input).exactOptional(),
  roles: z.record(key, Role).exactOptional(),
  nodes: z.array(Node).min(1),
})

export type RecipeDefinition = z.output<typeof RecipeDefinition>
