import type { Command } from 'commander'
import { addLeaf, type Json } from './add-leaf.ts'
import { addBoardArchives } from './board-archive-commands.ts'
import { fromNow } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'

interface NewBoardOptions extends Json {
  readonly name?: string
  readonly description?: string
  readonly icon?: string
  readonly colour?: string
  readonly switch?: boolean
}

/** `boards …`: what boards there are, and which one is meant where none is named. */
export function addBoards(kanban: Command, context: CommandContext): void {
  const boards = kanban.command('boards').description('Look at, make, choose and put away boards.').usage('[command]')
  addBoardList(boards, context)
  addBoardShow(boards, context)
  addBoardCreate(boards, context)
  addSwitch(boards, context)
  addRename(boards, context)
  addWorkdir(boards, context)
  addPutAway(boards, context)
  addRemove(boards, context)
  addBoardArchives(boards, context)
}

function addBoardList(boards: Command, context: CommandContext): void {
  const leaf = addLeaf(boards, 'list', {
    aliases: ['ls'],
    isDefault: true,
    description: 'List the boards.',
    examples: ['boards list', 'boards list --all --json'],
  })
  leaf.option('--all', 'archived ones, too').action(async ({ all, json }: Json & { readonly all?: boolean }) => {
    const { slug: meant } = context
    const found = await context.options.databases.boards.list({ includeArchived: all === true })
    context.answer(json, found, () => {
      if (found.length === 0) return `There are no boards yet. The first task makes one: ${context.name} create "…"`
      const rows = found.map((listed) => {
        const mark = listed.slug === meant ? '*' : ''
        if (!('board' in listed)) return [mark, listed.slug, '', context.palette.bad(`damaged: ${safeLine(listed.reason)}`)]
        const { board } = listed
        const state = board.archivedAt !== null ? 'archived' : board.pausedAt !== null ? `paused: ${safeLine(board.pausedReason ?? '')}` : 'open'
        return [mark, listed.slug, safeLine(board.name, 40), state]
      })
      return table(['', 'BOARD', 'NAME', 'STATE'], rows)
    })
  })
}

function addBoardShow(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'show [board]', {
    aliases: ['current'],
    description: 'Show a board: the one that is meant where none is named, or this one.',
    examples: ['boards show', 'boards show website --json'],
  }).action(async (slug: string | undefined, { json }: Json) => {
    const { board: store } = slug === undefined ? await context.stores() : context.options.databases.board(slug)
    const board = await store.get()
    const stats = await store.stats()
    context.answer(json, { ...board, byState: stats.byState }, () =>
      [
        `${context.palette.strong(board.slug)}  ${safeLine(board.name)}`,
        ...(board.description === null ? [] : [`  ${safeLine(board.description, 400)}`]),
        `  made ${fromNow(board.createdAt, context.now)}`,
        ...(board.archivedAt === null ? [] : [`  archived ${fromNow(board.archivedAt, context.now)}`]),
        ...(board.pausedAt === null ? [] : [`  paused ${fromNow(board.pausedAt, context.now)}: ${safeLine(board.pausedReason ?? '')}`]),
        ...(board.settings.defaultWorkdir === undefined ? [] : [`  works in ${board.settings.defaultWorkdir}`]),
        ...Object.entries(stats.byState).map(([state, count]) => `  ${state.padEnd(10)} ${count}`),
      ].join('\n'),
    )
  })
}

function addBoardCreate(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'create <board>', {
    aliases: ['new'],
    description: 'Make a board; one that is there stays as it is.',
    examples: ['boards create website --name "Our website" --switch'],
  })
    .option('--name <name>', 'what to call it')
    .option('--description <text>', 'what it is for')
    .option('--icon <icon>', 'an icon, such as an emoji')
    .option('--colour <colour>', 'a colour')
    .option('--switch', 'mean it from now on where no board is named')
    .action(async (slug: string, { json, switch: isSwitched, ...fields }: NewBoardOptions) => {
      const made = await context.options.databases.boards.create({ slug, ...fields }, context.options.actor)
      if (isSwitched) context.options.databases.boards.setCurrent(made.board.slug)
      context.answer(
        json,
        made,
        () => `${made.created ? 'Made the board' : 'There is a board'} '${made.board.slug}'.${isSwitched ? ' It is meant from now on.' : ''}`,
      )
    })
}

function addSwitch(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'switch <board>', {
    aliases: ['use'],
    description: 'Mean this board from now on where none is named.',
    examples: ['boards switch website'],
  }).action(async (slug: string, { json }: Json) => {
    const board = await context.options.databases.boards.get(slug)
    context.options.databases.boards.setCurrent(slug)
    context.answer(json, board, () => `The board '${slug}' is meant from now on.`)
  })
}

function addRename(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'rename <board> <name...>', {
    description: 'Call a board something else. What names it on the command line stays.',
    examples: ['boards rename website "Our new website"'],
  }).action(async (slug: string, name: readonly string[], { json }: Json) => {
    const board = await context.options.databases.board(slug).board.change({ name: name.join(' ') }, context.acting)
    context.answer(json, board, () => `The board '${slug}' is called '${safeLine(board.name)}'.`)
  })
}

function addWorkdir(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'set-default-workdir <board> [path]', {
    description: 'Have tasks that name no place be worked on in this folder; without one, each in a folder of its own again.',
    examples: ['boards set-default-workdir website ~/src/website', 'boards set-default-workdir website'],
  }).action(async (slug: string, path: string | undefined, { json }: Json) => {
    context.requireAdmin('A working directory')
    const board = await context.options.databases.board(slug).board.change({ settings: { defaultWorkdir: path ?? null } }, context.acting)
    context.answer(json, board, () => `Tasks of '${slug}' are worked on ${path === undefined ? 'in folders of their own' : `in ${path}`}.`)
  })
}

function addPutAway(boards: Command, context: CommandContext): void {
  addLeaf(boards, 'archive <board>', {
    description: 'Put a board away: it is in no list, and nothing on it begins.',
    examples: ['boards archive website'],
  }).action(async (slug: string, { json }: Json) => {
    const board = await context.options.databases.board(slug).board.archive(context.options.actor)
    context.answer(json, board, () => `The board '${slug}' is archived. Get it back: ${context.name} boards restore ${slug}`)
  })
  addLeaf(boards, 'restore <board>', { description: 'Get an archived board back.', examples: ['boards restore website'] }).action(
    async (slug: string, { json }: Json) => {
      const board = await context.options.databases.board(slug).board.restore(context.options.actor)
      context.answer(json, board, () => `The board '${slug}' is back.`)
    },
  )
}

function addRemove(boards: Command, context: CommandContext): void {
  const leaf = addLeaf(boards, 'rm <board>', {
    aliases: ['delete'],
    description: 'Delete a board with all that is on it, for good.',
    examples: ['boards rm website --yes'],
  })
  leaf.option('--yes', 'yes, for good').action(async (slug: string, { yes, json }: Json & { readonly yes?: boolean }) => {
    context.requireAdmin('Deleting a board')
    await context.options.databases.boards.get(slug)
    if (!yes)
      return context.refuse(
        `That deletes '${slug}' with all that is on it, for good. Say so with --yes, or put it away: ${context.name} boards archive ${slug}`,
      )
    await context.options.databases.boards.remove(slug)
    context.answer(json, { slug, deleted: true }, () => `The board '${slug}' is deleted.`)
  })
}
