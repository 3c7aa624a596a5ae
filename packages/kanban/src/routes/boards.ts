import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf, requireScope } from './caller.ts'
import { BoardChangesInput, NewBoardInput } from './board-input.ts'
import { expectedRevision } from './entity-tag.ts'
import type { KanbanApi, KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'

const ListQuery = z.strictObject({ archived: z.enum(['true', 'false']).exactOptional().describe('Archived ones as well') })
const PauseInput = z.strictObject({ reason: z.string().max(1_000).default('') })

/** `/`: the boards of this home. */
export function boardsRoutes({ databases }: KanbanApi) {
  return new Hono<KanbanEnv>()
    .get('/', operation({ tag: 'Boards', summary: 'List boards; one that cannot be read is there with the reason', query: ListQuery }), async (c) => {
      const { archived } = readQuery(c, ListQuery)
      const boards = await databases.boards.list({ includeArchived: archived === 'true' })
      return c.json({
        boards: boards.map((listed) => ('board' in listed ? listed.board : { slug: listed.slug, damage: { code: listed.code, reason: listed.reason } })),
        current: databases.boards.current() ?? null,
      })
    })
    .post('/', operation({ tag: 'Boards', summary: 'Make a board, or find the one of that name', body: NewBoardInput, status: 201 }), async (c) => {
      requireScope(c, 'admin')
      const { board, created } = await databases.boards.create(await readJson(c, NewBoardInput), actorOf(c))
      c.header('ETag', `"${board.revision}"`)
      return c.json({ board, created }, created ? 201 : 200)
    })
}

/** `/{board}`: one board as a whole. */
export function boardRoutes({ databases }: KanbanApi) {
  return new Hono<KanbanEnv>()
    .get('/', operation({ tag: 'Boards', summary: 'Get a board' }), (c) => {
      c.header('ETag', `"${c.get('board').revision}"`)
      return c.json({ board: c.get('board') })
    })
    .patch('/', operation({ tag: 'Boards', summary: 'Change a board; settings are merged, null clears', body: BoardChangesInput }), async (c) => {
      requireScope(c, 'admin')
      const { revision, ...changes } = await readJson(c, BoardChangesInput)
      const acting = { actor: actorOf(c), ...(revision !== undefined && { revision }), ...expectedRevision(c) }
      const board = await c.get('stores').board.change(changes, acting)
      c.header('ETag', `"${board.revision}"`)
      return c.json({ board })
    })
    .delete('/', operation({ tag: 'Boards', summary: 'Delete a board with all that is on it' }), async (c) => {
      requireScope(c, 'admin')
      await databases.boards.remove(c.get('board').slug)
      return c.json({ ok: true })
    })
    .post('/archive', operation({ tag: 'Boards', summary: 'Put a board away; it can be read, and restored' }), async (c) => {
      requireScope(c, 'admin')
      return c.json({ board: await c.get('stores').board.archive(actorOf(c)) })
    })
    .post('/restore', operation({ tag: 'Boards', summary: 'Fetch a board back from the archive' }), async (c) => {
      requireScope(c, 'admin')
      return c.json({ board: await c.get('stores').board.restore(actorOf(c)) })
    })
    .post('/pause', operation({ tag: 'Boards', summary: 'Have nothing begin on this board', body: PauseInput }), async (c) => {
      const { reason } = await readJson(c, PauseInput)
      return c.json({ board: await c.get('stores').board.pause(reason, actorOf(c)) })
    })
    .post('/resume', operation({ tag: 'Boards', summary: 'Have tasks of this board begin again' }), async (c) =>
      c.json({ board: await c.get('stores').board.resume(actorOf(c)) }),
    )
    .get('/stats', operation({ tag: 'Boards', summary: 'Count tasks and what they cost' }), async (c) => c.json({ stats: await c.get('stores').board.stats() }))
}
