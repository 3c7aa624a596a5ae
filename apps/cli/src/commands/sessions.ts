import { systemClock as clock } from '@talaria/core'
import type { Command } from 'commander'
import { z } from 'zod'
import { age } from '../age.ts'
import { readConfig } from '../config.ts'
import { countUpTo } from '../count-up-to.ts'
import { gatewayClient } from '../gateway-client.ts'
import { harmless } from '../harmless.ts'
import { printJson } from '../print-json.ts'
import { table } from '../table.ts'

const Session = z.looseObject({
  id: z.string(),
  source: z.string(),
  title: z.string().nullable(),
  preview: z.string().nullable(),
  last_active: z.number(),
  message_count: z.number(),
})
const Sessions = z.object({ data: z.array(Session) })
const Message = z.looseObject({ role: z.string(), content: z.string(), timestamp: z.number() })
const Messages = z.object({ data: z.array(Message) })
const Hits = z.object({ data: z.array(z.looseObject({ session_id: z.string(), snippet: z.string() })) })

/** `talaria sessions`: the conversations of everybody, on every platform. */
export function addSessions(program: Command): void {
  const sessions = program.command('sessions').description('Look into conversations. Asks the running gateway.')
  addList(sessions)
  addShow(sessions)
  addSearch(sessions)
  addDelete(sessions)
}

function addList(sessions: Command): void {
  sessions
    .command('list')
    .description('List the conversations in which something happened last.')
    .option('--source <platform>', 'only those that began there, such as telegram or api')
    .option('--limit <count>', 'how many', countUpTo(200), 20)
    .option('--json', 'print JSON')
    .action(async ({ source, limit, json }: { source?: string; limit: number; json?: boolean }) => {
      const query = new URLSearchParams({ limit: String(limit), ...(source !== undefined && { source }) })
      const { data } = await gatewayClient(await readConfig()).ask('GET', `/api/sessions?${query.toString()}`, Sessions)
      if (json) return printJson(data)
      const now = clock.now()
      const rows = data.map((one) => [
        one.id,
        one.source,
        `${age(one.last_active * 1000, now)} ago`,
        String(one.message_count),
        lineOf(one.title ?? one.preview ?? ''),
      ])
      console.log(table(['SESSION', 'SOURCE', 'LAST ACTIVE', 'MESSAGES', 'TITLE'], rows))
    })
}

function addShow(sessions: Command): void {
  sessions
    .command('show')
    .description('Print what was said last in a conversation.')
    .argument('<session>', 'its id')
    .option('--limit <count>', 'how many messages', countUpTo(500), 50)
    .option('--json', 'print JSON')
    .action(async (id: string, { limit, json }: { limit: number; json?: boolean }) => {
      const { data } = await gatewayClient(await readConfig()).ask('GET', `/api/sessions/${encodeURIComponent(id)}/messages?limit=${limit}`, Messages)
      if (json) return printJson(data)
      for (const { role, content, timestamp } of data) console.log(`[${new Date(timestamp * 1000).toISOString()}] ${role}: ${harmless(content)}`)
    })
}

function addSearch(sessions: Command): void {
  sessions
    .command('search')
    .description('Find what was said: words, "a phrase", prefix* and -exclusion.')
    .argument('<query>', 'what to look for')
    .option('--limit <count>', 'how many', countUpTo(100), 20)
    .option('--json', 'print JSON')
    .action(async (q: string, { limit, json }: { limit: number; json?: boolean }) => {
      const query = new URLSearchParams({ q, limit: String(limit) })
      const { data } = await gatewayClient(await readConfig()).ask('GET', `/api/sessions/search?${query.toString()}`, Hits)
      if (json) return printJson(data)
      console.log(
        table(
          ['SESSION', 'WHAT WAS SAID'],
          data.map((hit) => [hit.session_id, lineOf(hit.snippet)]),
        ),
      )
    })
}

function addDelete(sessions: Command): void {
  sessions
    .command('delete')
    .description('Delete a conversation with all that was said in it, for good.')
    .argument('<session>', 'its id')
    .action(async (id: string) => {
      await gatewayClient(await readConfig()).request('DELETE', `/api/sessions/${encodeURIComponent(id)}`)
      console.log(`Session ${id} is deleted.`)
    })
}

/** The beginning of what somebody said, on one line. */
function lineOf(text: string): string {
  return harmless(text).replaceAll(/\s+/g, ' ').slice(0, 100)
}
