import { PassThrough, Readable } from 'node:stream'
import type { Log } from '@talaria/core'
import { invalidField } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf, requireScope } from './caller.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readQuery } from './read-json.ts'

const ImportQuery = z.strictObject({ slug: z.string().exactOptional().describe('The name of the new board; that of the archive unless given') })

/** `/import`: a board out of an archive. */
export function boardImportRoutes({ databases }: KanbanApi) {
  return new Hono<KanbanEnv>().post(
    '/import',
    operation({ tag: 'Boards', summary: 'Make a new board of an archive, which is the body', query: ImportQuery, status: 201 }),
    async (c) => {
      requireScope(c, 'admin')
      const { slug } = readQuery(c, ImportQuery)
      if (!c.req.raw.body) throw invalidField('body', 'an archive, as export gives it')
      const board = await databases.boards.import(Readable.fromWeb(c.req.raw.body), {
        ...(slug !== undefined && { slug }),
        actor: actorOf(c),
      })
      return c.json({ board }, 201)
    },
  )
}

/** `/{board}/export`: everything that is on a board, to be carried elsewhere. */
export function boardExportRoutes({ databases }: KanbanApi, log: Log) {
  return new Hono<KanbanEnv>().get('/export', operation({ tag: 'Boards', summary: 'Get the board as an archive' }), (c) => {
    requireScope(c, 'admin')
    const { slug } = c.get('board')
    const archive = new PassThrough()
    void databases.boards.export(slug, archive, { signal: c.req.raw.signal }).catch((error: unknown) => {
      // The answer has begun: it is cut off, so that nobody takes half an archive for a whole one.
      log.warn({ err: error, board: slug }, 'a board could not be exported')
      archive.destroy(error as Error)
    })
    return c.body(Readable.toWeb(archive) as ReadableStream<Uint8Array>, 200, {
      'Content-Type': 'application/gzip',
      'Content-Disposition': `attachment; filename="${slug}.talaria-board.tar.gz"`,
    })
  })
}
