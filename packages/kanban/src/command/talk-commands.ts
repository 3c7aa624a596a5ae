import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { messageOf } from '@talaria/core'
import { BoardError, type LinkCondition } from '@talaria/db'
import { type Command, Option } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'
import { UsageError } from './usage-error.ts'

/** What is said about tasks, laid beside them, and what they wait for. */
export function addTalk(kanban: Command, context: CommandContext): void {
  addComment(kanban, context)
  addAttachments(kanban, context)
  addLinks(kanban, context)
}

function addComment(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'comment <task> <text...>', {
    description: 'Say something about a task. Its next worker reads it.',
    examples: ['comment 12 "The log is in /tmp/app.log"'],
  }).action(async (reference: string, text: readonly string[], { json }: Json) => {
    const { stores, task } = await context.task(reference)
    const comment = await stores.comments.add(task.number, { body: text.join(' '), author: context.options.actor })
    context.answer(json, comment, () => `Said about #${task.number}.`)
  })
}

function addAttachments(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'attach <task> <file>', {
    description: 'Lay a copy of a file beside a task.',
    examples: ['attach 12 screenshot.png', 'attach 12 notes.txt --name "What was said.txt"'],
  })
    .option('--name <name>', 'what to call it')
    .option('--content-type <type>', 'its media type')
    .action(async (reference: string, file: string, { name, contentType, json }: Json & { readonly name?: string; readonly contentType?: string }) => {
      context.requireAdmin('Reading a file')
      const { stores, task } = await context.task(reference)
      const bytes = await readFile(file).catch((error: unknown) => {
        throw new UsageError(`The file cannot be read: ${messageOf(error)}`)
      })
      const added = await stores.attachments.add(
        task.number,
        { name: name ?? basename(file), bytes, ...(contentType !== undefined && { mediaType: contentType }) },
        context.options.actor,
      )
      context.answer(json, added, () => `${added.id} '${safeLine(added.name)}' (${added.bytes} bytes) lies beside #${task.number}.`)
    })
  addLeaf(kanban, 'attachments <task>', { description: 'List the files of a task.', examples: ['attachments 12'] }).action(
    async (reference: string, { json }: Json) => {
      const { stores, task } = await context.task(reference)
      const attachments = await stores.attachments.list(task.number)
      context.answer(json, attachments, () => {
        if (attachments.length === 0) return `#${task.number} has no files.`
        const rows = attachments.map(({ id, name, mediaType, bytes, uploadedBy, createdAt }) => [
          id,
          safeLine(name),
          mediaType,
          String(bytes),
          safeLine(uploadedBy),
          fromNow(createdAt, context.now),
        ])
        return table(['ATTACHMENT', 'NAME', 'TYPE', 'BYTES', 'BY', 'WHEN'], rows)
      })
    },
  )
  addLeaf(kanban, 'attach-rm <attachment>', { description: 'Take a file away from its task.', examples: ['attach-rm att_019…'] }).action(
    async (id: string, { json }: Json) => {
      const { attachments } = await context.stores()
      if (!(await attachments.remove(id, context.options.actor))) throw new BoardError('NOT_FOUND', `There is no attachment '${id.slice(0, 80)}'.`)
      context.answer(json, { id, removed: true }, () => 'It is taken away.')
    },
  )
}

function addLinks(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'link <parent> <child>', { description: 'Have a task wait for another.', examples: ['link 12 13', 'link 12 14 --on failure'] })
    .addOption(new Option('--on <end>', 'how the parent must end').choices(['success', 'failure', 'always']).default('success'))
    .action(async (parent: string, child: string, { on, json }: Json & { readonly on: LinkCondition }) => {
      const { tasks } = await context.stores()
      const link = await tasks.link(parent, child, on, context.options.actor)
      context.answer(json, link, () => `#${link.childNumber} waits for #${link.parentNumber} (on ${link.condition}).`)
    })
  addLeaf(kanban, 'unlink <parent> <child>', { description: 'Have a task wait for another no longer.', examples: ['unlink 12 13'] }).action(
    async (parent: string, child: string, { json }: Json) => {
      const { tasks } = await context.stores()
      if (!(await tasks.unlink(parent, child, context.options.actor))) throw new BoardError('NOT_FOUND', `${child} does not wait for ${parent}.`)
      context.answer(json, { parent, child, removed: true }, () => `${child} waits for ${parent} no longer.`)
    },
  )
}
