import { usageOf } from '../src/commands/arguments.ts'
import type { Command } from '../src/commands/command.ts'
import { NOT_APPLICABLE } from '../src/commands/not-applicable.ts'
import { COMMANDS } from '../src/commands/registry.ts'

const INTRODUCTION = `# Slash commands

Typed in a chat, alone in a message: \`/undo 2\`. In groups the name of the bot may follow, as in \`/status@our_bot\`. On platforms whose
clients keep \`/\` for themselves it is \`!undo 2\`; \`/\` works there too, where it gets through. \`_\` is as good as \`-\`, and capitals do not
matter. A text that only looks like one, such as a path, is a message. What a webhook brings in is never a command.

Over HTTP, \`POST /api/sessions/{id}/commands\` with \`{"text": "/undo 2"}\` runs those that are about a session; \`session_id\` in the answer is
where the conversation goes on, and \`ask\`, when it is not null, is what is to be said there next. \`GET /api/commands\` has this page as data.

Nothing of the past is ever changed: \`/undo\`, \`/retry\`, \`/compress\` and \`/branch\` go on in a copy, and the original can be resumed.

What is said below to be for admins is refused to everybody else, see [who may talk to the agent](authorisation.md). Those that are not marked
as possible meanwhile wait for the answer that is being written: they say so, and \`/stop\` ends it.
`

/** The page of documentation for the commands in the registry. */
export function commandsMarkdown(): string {
  const categories = [...Map.groupBy(COMMANDS, ({ category }) => category)]
  const sections = categories.map(([category, commands]) => `## ${category[0]!.toUpperCase()}${category.slice(1)}\n\n${tableOf(commands)}`)
  return [INTRODUCTION, ...sections, `## What does nothing here\n\nCommands of Hermes that are known and say why they do nothing.\n\n${notApplicable()}`].join(
    '\n',
  )
}

function tableOf(commands: readonly Command[]): string {
  const rows = commands.map((command) => {
    const typed = [`/${command.name} ${usageOf(command.arguments)}`.trim(), ...command.aliases.map((alias) => `/${alias}`)]
    const http = command.chatsOnly ? `no: ${command.chatsOnly}` : 'yes'
    return `| ${typed.map((one) => `\`${one.replaceAll('|', '\\|')}\``).join(', ')} | ${command.help} | ${command.tier === 'admin' ? 'admins' : 'all'} | ${command.whileBusy ? 'yes' : ''} | ${http} |`
  })
  return ['| command | what it does | for | meanwhile | over HTTP |', '| --- | --- | --- | --- | --- |', ...rows, ''].join('\n')
}

function notApplicable(): string {
  const reasons = [...Map.groupBy(NOT_APPLICABLE, ({ reason }) => reason)]
  const rows = reasons.map(
    ([reason, commands]) =>
      `| ${commands
        .flatMap(({ name, aliases }) => [name, ...aliases])
        .map((name) => `\`/${name}\``)
        .join(', ')} | ${reason} |`,
  )
  return ['| commands | why |', '| --- | --- |', ...rows, ''].join('\n')
}
