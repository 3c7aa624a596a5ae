import { BoardError } from '@talaria/db'
import { z } from 'zod'
import type { KanbanTool, KanbanToolContext, KanbanToolScope } from './tool.ts'

/** A tool whose input is checked before it runs, and whose caller is: both are refused with a sentence that a model can act on. */
export function defineKanbanTool<Shape extends z.ZodRawShape>(definition: {
  readonly name: string
  readonly description: string
  readonly scope: KanbanToolScope
  readonly input: Shape
  readonly run: (context: KanbanToolContext, input: z.output<z.ZodObject<Shape>>) => Promise<unknown>
}): KanbanTool {
  const { name, description, scope } = definition
  const input = z.object(definition.input)
  return {
    name,
    description,
    scope,
    input,
    async run(context, given) {
      if (scope === 'worker' && !context.worker) throw new BoardError('INVALID', `${name} is for workers, about the task that they work on.`)
      if (scope === 'people' && context.worker) throw new BoardError('INVALID', `${name} is not for workers; say in a comment or a block what should be done.`)
      const parsed = input.safeParse(given ?? {})
      if (!parsed.success) throw new BoardError('INVALID', `The input does not fit: ${z.prettifyError(parsed.error)}`)
      return definition.run(context, parsed.data)
    },
  }
}
