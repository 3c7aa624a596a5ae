import { open, rm } from 'node:fs/promises'
import { codeOf } from '@talaria/core'
import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import type { CommandContext } from './command-context.ts'
import { UsageError } from './usage-error.ts'

/** `boards export` and `boards import`: a board carried elsewhere, as one file. */
export function addBoardArchives(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'export [board]', {
    description: 'Write a board to an archive: its tasks, comments, history and files; no claims, no secrets, no paths of this machine.',
    examples: ['boards export', 'boards export website --output website.tar.gz'],
  })
    .option('--output <file>', 'where to; <board>.talaria-board.tar.gz unless given')
    .action(async (named: string | undefined, { output, json }: Json & { readonly output?: string }) => {
      context.requireAdmin('Writing a file of the host')
      const slug = named ?? context.slug
      const file = output ?? `${slug}.talaria-board.tar.gz`
      await exportTo(file, slug, context)
      context.answer(json, { board: slug, file }, () => `'${slug}' is in ${file}.`)
    })
  addLeaf(boards, 'import <file>', {
    description: 'Make a new board of an archive. What ran when it was written is ready again.',
    examples: ['boards import website.tar.gz', 'boards import website.tar.gz --as website-copy'],
  })
    .option('--as <board>', 'its name here; that of the archive, with a number where that is taken, unless given')
    .action(async (file: string, { as: slug, json }: Json & { readonly as?: string }) => {
      context.requireAdmin('Reading a file of the host')
      const { databases, actor } = context.options
      await using archive = await open(file).catch((error: unknown) => {
        throw codeOf(error) === 'ENOENT' ? new UsageError(`There is no file ${file}.`) : error
      })
      const board = await databases.boards.import(archive.createReadStream(), { ...(slug !== undefined && { slug }), actor })
      context.answer(json, board, () => `Made the board '${board.slug}'.`)
    })
}

/** A file that is there already stays as it is, and one that could not be finished goes. */
async function exportTo(file: string, slug: string, context: CommandContext): Promise<void> {
  await using target = await open(file, 'wx', 0o600).catch((error: unknown) => {
    throw codeOf(error) === 'EEXIST' ? new UsageError(`${file} is there already. Name another one with --output.`) : error
  })
  try {
    await context.options.databases.boards.export(slug, target.createWriteStream())
  } catch (error) {
    await rm(file, { force: true })
    throw error
  }
}
