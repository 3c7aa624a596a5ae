import { BoardError, type Attachment } from '@talaria/db'
import { Hono, type Context } from 'hono'
import { actorOf } from './caller.ts'
import { isKnown } from './entity-tag.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { taskOf } from './task-of.ts'
import { uploadedFiles } from './uploaded-files.ts'

/** Files come from anybody and may hold anything: no browser shows, runs or guesses at one. */
const SAFE = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'", 'Cache-Control': 'private, no-cache' }

/** `/{board}/tasks/{task}/attachments` and `/{board}/attachments`: files of tasks. */
export function attachmentsRoutes() {
  return new Hono<KanbanEnv>()
    .get('/tasks/:task/attachments', operation({ tag: 'Tasks', summary: 'List the files of a task' }), async (c) => {
      const { number } = await taskOf(c)
      return c.json({ attachments: await c.get('stores').attachments.list(number) })
    })
    .post(
      '/tasks/:task/attachments',
      operation({
        tag: 'Tasks',
        summary: 'Attach files: those of a form, or the body as one file that ?name= names',
        uploads: ['multipart/form-data', 'application/octet-stream'],
        status: 201,
      }),
      async (c) => {
        const { number } = await taskOf(c)
        const attachments: Attachment[] = []
        for (const file of await uploadedFiles(c)) attachments.push(await c.get('stores').attachments.add(number, file, actorOf(c)))
        return c.json({ attachments }, 201)
      },
    )
    .get('/attachments/:attachment', operation({ tag: 'Tasks', summary: 'Download a file', mediaType: 'application/octet-stream' }), async (c) => {
      const attachment = await attachmentOf(c)
      const tag = `"${attachment.sha256}"`
      const headers = { ...SAFE, ETag: tag }
      if (isKnown(c, tag)) return c.body(null, 304, headers)
      const bytes = new Uint8Array(await c.get('stores').attachments.read(attachment.id))
      return c.body(bytes, 200, { ...headers, 'Content-Type': attachment.mediaType, 'Content-Disposition': dispositionOf(attachment.name) })
    })
    .delete('/attachments/:attachment', operation({ tag: 'Tasks', summary: 'Take a file away from its task' }), async (c) => {
      const { id } = await attachmentOf(c)
      await c.get('stores').attachments.remove(id, actorOf(c))
      return c.json({ ok: true })
    })
}

/** @throws BoardError `NOT_FOUND`, also for a file of a task that was deleted. */
async function attachmentOf(c: Context<KanbanEnv>): Promise<Attachment> {
  const id = c.req.param('attachment') ?? ''
  const { attachments, tasks } = c.get('stores')
  const attachment = await attachments.get(id)
  const [task] = attachment ? await tasks.cards([attachment.taskNumber]) : []
  if (attachment && task?.deletedAt === null) return attachment
  throw new BoardError('NOT_FOUND', `There is no attachment '${id.slice(0, 80)}' on this board.`)
}

/** To be saved under its name, whatever letters that has (RFC 6266, RFC 8187). */
function dispositionOf(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
