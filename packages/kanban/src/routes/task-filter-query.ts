import type { TaskFilter } from '@talaria/db'
import { z } from 'zod'

/** What lists and boards are narrowed by. */
export const TaskFilterQuery = z.strictObject({
  assignee: z.string().exactOptional().describe('Whose; `none` for those of nobody'),
  label: z.string().exactOptional(),
  tenant: z.string().exactOptional(),
  text: z.string().exactOptional().describe('Somewhere in the title'),
  session: z.string().exactOptional().describe('The conversation that asked for it'),
  dueBefore: z.coerce.number().int().exactOptional().describe('Milliseconds since 1970'),
  routine: z.string().exactOptional(),
  archived: z.enum(['true', 'false']).exactOptional().describe('Archived ones as well'),
})

/** The same as the stores take it. */
export function taskFilterOf({ assignee, session, routine, archived, ...others }: z.output<typeof TaskFilterQuery>): TaskFilter {
  return {
    ...others,
    ...(assignee !== undefined && { assignee: assignee === 'none' ? null : assignee }),
    ...(session !== undefined && { sessionId: session }),
    ...(routine !== undefined && { routineId: routine }),
    ...(archived === 'true' && { includeArchived: true }),
  }
}
