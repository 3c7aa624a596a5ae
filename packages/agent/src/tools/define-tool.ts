import { z } from 'zod'
import type { Tool, ToolContext } from './tool.ts'

/**
 * A tool whose arguments are described by zod: the model gets their JSON Schema, and `run` gets them checked. Arguments
 * that do not fit are refused with a sentence that tells the model which and why.
 */
export function defineTool<Args extends z.ZodType>(definition: {
  readonly name: string
  readonly description: string
  readonly args: Args
  readonly needsApproval?: boolean
  readonly run: (args: z.output<Args>, context: ToolContext) => Promise<string> | string
}): Tool {
  const { $schema: _, ...parameters } = z.toJSONSchema(definition.args, { io: 'input' })
  return {
    name: definition.name,
    description: definition.description,
    parameters,
    ...(definition.needsApproval !== undefined && { needsApproval: definition.needsApproval }),
    run(args, context) {
      const parsed = definition.args.safeParse(args)
      if (!parsed.success) throw new Error(`The arguments do not fit: ${z.prettifyError(parsed.error)}`)
      return definition.run(parsed.data, context)
    },
  }
}
