import { invalidField } from '@talaria/db'
import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { OptionalTaskId, taskMeant } from './tool-task.ts'

const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/

/** A file on any task. */
export const kanbanAttach = defineKanbanTool({
  name: 'kanban_attach',
  description: 'Attaches a file to a task, at most 25 MiB: as text, or as Base64. Files of your workspace are better named as artifacts of the completion.',
  scope: 'board',
  input: {
    task_id: OptionalTaskId,
    filename: z.string().min(1).max(400),
    text: z.string().optional(),
    content_base64: z.string().optional(),
    content_type: z.string().max(200).optional(),
  },
  async run(context, { task_id: id, filename, text, content_base64: base64, content_type: mediaType }) {
    const { stores, actor, worker } = context
    if ((text === undefined) === (base64 === undefined)) throw invalidField('text', 'either text or content_base64')
    if (base64 !== undefined && !BASE64.test(base64)) throw invalidField('content_base64', 'Base64')
    const task = await taskMeant(context, id)
    const attachment = await stores.attachments.add(
      task.number,
      {
        name: filename,
        bytes: text === undefined ? Buffer.from(base64!, 'base64') : Buffer.from(text),
        mediaType: mediaType ?? (text === undefined ? 'application/octet-stream' : 'text/plain; charset=utf-8'),
        ...(worker && { runId: worker.open.claim.runId }),
      },
      actor,
    )
    return { task: task.number, attachment: attachment.id, name: attachment.name, bytes: attachment.bytes }
  },
})
