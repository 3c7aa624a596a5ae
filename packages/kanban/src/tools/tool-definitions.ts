import { z } from 'zod'
import { kanbanTools } from './kanban-tools.ts'

/** A tool as a model is offered it. */
export interface KanbanToolDefinition {
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly parameters: Record<string, unknown>
}

/** What a worker may call (`GET /tools` of its socket), or the agent that people chat with: names and schemas, without what runs them. */
export function kanbanToolDefinitions(caller: 'worker' | 'people'): readonly KanbanToolDefinition[] {
  const isOthers = caller === 'worker' ? 'people' : 'worker'
  return kanbanTools
    .filter(({ scope }) => scope !== isOthers)
    .map(({ name, description, input }) => {
      const { $schema: _, ...parameters } = z.toJSONSchema(input, { io: 'input' })
      return { name, description, parameters }
    })
}
