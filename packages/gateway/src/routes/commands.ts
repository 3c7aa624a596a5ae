import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiContext, ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { readBody } from '../api/json-body.ts'
import { operation } from '../api/operation.ts'
import { usageOf } from '../commands/arguments.ts'
import type { Command } from '../commands/command.ts'
import type { Commands } from '../commands/commands.ts'
import { NOT_APPLICABLE } from '../commands/not-applicable.ts'
import { COMMANDS } from '../commands/registry.ts'
import { findSession } from './sessions.ts'

const RunCommand = z.strictObject({ text: z.string().trim().min(1).max(10_000).describe('The command as it is typed, such as /undo 2') })

/** `/api/commands`: what help and completion need; `/api/sessions/{id}/commands`: those that are about a session. */
export function commandsRoutes(api: ApiContext, commands: Commands) {
  return new Hono<ApiEnv>()
    .get('/commands', operation({ tag: 'Sessions', summary: 'List slash commands, with what completes them' }), (c) => {
      requireScope(c.get('caller'), 'read')
      return c.json({ object: 'list', data: COMMANDS.map(commandJson), not_applicable: NOT_APPLICABLE })
    })
    .post('/sessions/:id/commands', operation({ tag: 'Sessions', summary: 'Run a slash command on a session', body: RunCommand }), async (c) => {
      const caller = c.get('caller')
      requireScope(caller, 'chat')
      const session = await findSession(api, caller, c.req.param('id'))
      const { text } = await readBody(c, RunCommand)
      const tier = caller.scopes.has('admin') ? 'admin' : 'user'
      const reply = await commands.dispatchForSession(text, session, { owner: caller.owner, viewer: caller.viewer, tier })
      if (!reply) throw new ApiError('invalid_value', 'This is no command: one begins with / and a name. /api/commands lists them.', { param: 'text' })
      return c.json({
        object: 'talaria.command.reply',
        text: reply.text,
        // Where the conversation goes on: what is said next belongs there.
        session_id: reply.sessionId ?? session.id,
        // What is to be said there now, by whoever gave the command.
        ask: reply.ask?.text ?? null,
        document: reply.document ? { name: reply.document.name, media_type: reply.document.mediaType, text: reply.document.text } : null,
      })
    })
}

function commandJson(command: Command) {
  const { name, aliases, category, help, tier, whileBusy, chatsOnly = null } = command
  const args = Object.entries(command.arguments).map(([argument, { isOptional, choices, takesRest }]) => ({
    name: argument,
    optional: isOptional,
    choices,
    takes_rest: takesRest,
  }))
  return {
    name,
    aliases,
    category,
    help,
    usage: `/${name} ${usageOf(command.arguments)}`.trim(),
    arguments: args,
    tier,
    while_busy: whileBusy,
    chats_only: chatsOnly,
  }
}
