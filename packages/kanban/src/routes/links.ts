import { BoardError } from '@talaria/db'
import { Hono } from 'hono'
import { z } from 'zod'
import { actorOf } from './caller.ts'
import type { KanbanEnv } from './kanban-api.ts'
import { operation } from './operation.ts'
import { readJson, readQuery } from './read-json.ts'
import { TaskRef } from './task-input.ts'
import { requireTask } from './task-of.ts'

const LinkInput = z.strictObject({ parent: TaskRef, child: TaskRef, condition: z.enum(['success', 'failure', 'always']).default('success') })
const LinkQuery = z.strictObject({ parent: z.string(), child: z.string() })
const GraphQuery = z.strictObject({ task: z.string().exactOptional().describe('Only what it waits for, what waits for it, and so on') })

/** Links that a picture shows; more is no picture any more. */
const MOST_LINKS = 5_000

/** `/{board}/links` and `/{board}/graph`: what waits for what. */
export function linksRoutes() {
  return new Hono<KanbanEnv>()
    .post('/links', operation({ tag: 'Tasks', summary: 'Have a task wait for another', body: LinkInput, status: 201 }), async (c) => {
      const { parent, child, condition } = await readJson(c, LinkInput)
      return c.json({ link: await c.get('stores').tasks.link(parent, child, condition, actorOf(c)) }, 201)
    })
    .delete('/links', operation({ tag: 'Tasks', summary: 'Have a task wait for another no longer', query: LinkQuery }), async (c) => {
      const { parent, child } = readQuery(c, LinkQuery)
      if (await c.get('stores').tasks.unlink(parent, child, actorOf(c))) return c.json({ ok: true })
      throw new BoardError('NOT_FOUND', `${child.slice(0, 80)} does not wait for ${parent.slice(0, 80)}.`)
    })
    .get('/graph', operation({ tag: 'Tasks', summary: 'Get tasks and links as nodes and edges', query: GraphQuery }), async (c) => {
      const { task } = readQuery(c, GraphQuery)
      const { tasks } = c.get('stores')
      const of = task === undefined ? undefined : (await requireTask(c, task)).number
      const all = await tasks.links()
      const wanted = of === undefined ? all : around(of, all)
      const links = wanted.slice(0, MOST_LINKS)
      const numbers = new Set([...(of === undefined ? [] : [of]), ...links.flatMap(({ parentNumber, childNumber }) => [parentNumber, childNumber])])
      const cards = (await tasks.cards([...numbers])).filter(({ deletedAt }) => deletedAt === null)
      const there = new Set(cards.map(({ number }) => number))
      return c.json({
        nodes: cards.map(({ number, title, state, verdict, assignee }) => ({ number, title, state, verdict, assignee })),
        links: links.filter(({ parentNumber, childNumber }) => there.has(parentNumber) && there.has(childNumber)),
        isTruncated: wanted.length > links.length,
      })
    })
}

interface Edge {
  readonly parentNumber: number
  readonly childNumber: number
}

/** The links of all that hangs together with a task. */
function around<Link extends Edge>(start: number, links: readonly Link[]): readonly Link[] {
  const byTask = new Map<number, Link[]>()
  for (const link of links) {
    for (const end of [link.parentNumber, link.childNumber]) byTask.set(end, [...(byTask.get(end) ?? []), link])
  }
  const reached = new Set([start])
  for (const number of reached) {
    for (const { parentNumber, childNumber } of byTask.get(number) ?? []) reached.add(parentNumber).add(childNumber)
  }
  return links.filter(({ parentNumber }) => reached.has(parentNumber))
}
