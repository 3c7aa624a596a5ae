import { BoardError } from '@talaria/db'
import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { timeJson } from './task-json.ts'
import { OptionalTaskId, taskMeant } from './tool-task.ts'

/** Longer texts are told to be looked at elsewhere: they would fill a model's context. */
const MOST_TEXT_BYTES = 200_000

/** The files of a task, or one of them. */
export const kanbanAttachments = defineKanbanTool({
  name: 'kanban_attachments',
  description: 'Lists the files of a task; with attachment, reads one of them.',
  scope: 'board',
  input: { task_id: OptionalTaskId, attachment: z.string().optional().describe('The id of one of them, to read it') },
  async run(context, { task_id: id, attachment: attachmentId }) {
    const { attachments } = context.stores
    const task = await taskMeant(context, id)
    const files = await attachments.list(task.number)
    if (attachmentId === undefined) {
      return {
        task: task.number,
        attachments: files.map(({ id: file, name, mediaType, bytes, uploadedBy, createdAt }) => ({
          id: file,
          name,
          content_type: mediaType,
          bytes,
          by: uploadedBy,
          at: timeJson(createdAt),
        })),
      }
    }
    const file = files.find((one) => one.id === attachmentId)
    if (!file) throw new BoardError('NOT_FOUND', `#${task.number} has no attachment '${attachmentId.slice(0, 80)}'.`)
    if (file.bytes > MOST_TEXT_BYTES) throw new BoardError('INVALID', `'${file.name}' is too large to be read here (${file.bytes} bytes).`)
    const content = Buffer.from(await attachments.read(file.id))
    const text = content.toString('utf8')
    return { id: file.id, name: file.name, ...(text.includes('\uFFFD') ? { content_base64: content.toString('base64') } : { text }) }
  },
})
