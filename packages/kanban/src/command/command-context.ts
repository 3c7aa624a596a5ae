import { TalariaError } from '@talaria/core'
import { BoardError, type BoardStores, type NewSubscription, type TaskDetail } from '@talaria/db'
import type { KanbanCommandOptions } from './command-options.ts'
import { createPalette, type Palette } from './palette.ts'
import { readTime, TIME_EXAMPLES } from './read-time.ts'
import { UsageError } from './usage-error.ts'

/** The board of those who never made one. */
const DEFAULT_BOARD = 'default'

/** What the actions of commands work with: the board that is meant, who asks, and where the answer goes. */
export class CommandContext {
  readonly options: KanbanCommandOptions
  readonly palette: Palette
  /** Whether a part of the command was refused. */
  hasRefused = false
  /** The board that was named with the command. */
  namedBoard: string | undefined

  constructor(options: KanbanCommandOptions) {
    this.options = options
    this.palette = createPalette(options.isTerminal)
  }

  /** What is typed before a command, for hints. */
  get name(): string {
    return this.options.name ?? 'talaria kanban'
  }

  get now(): number {
    return this.options.clock.now()
  }

  get acting(): { readonly actor: string } {
    return { actor: this.options.actor }
  }

  /** The slug of the board that is meant: the one that was named, the one chosen before, the only one there is, or `default`. */
  get slug(): string {
    const { databases, board } = this.options
    const named = this.namedBoard ?? board ?? databases.boards.current()
    if (named !== undefined) return named
    const [only, ...others] = databases.boards.slugs()
    return only !== undefined && others.length === 0 ? only : DEFAULT_BOARD
  }

  /** The stores of the board that is meant. Who names none, and has none, gets one. @throws BoardError `BOARD_NOT_FOUND` */
  async stores(): Promise<BoardStores> {
    const { databases, actor } = this.options
    const { slug } = this
    if (slug === DEFAULT_BOARD && !databases.boards.slugs().includes(slug)) await databases.boards.create({ slug }, actor)
    const stores = databases.board(slug)
    await stores.board.get()
    return stores
  }

  /** A task that is there. @throws BoardError `TASK_NOT_FOUND` */
  async task(reference: string): Promise<{ readonly stores: BoardStores; readonly task: TaskDetail }> {
    const stores = await this.stores()
    const task = await stores.tasks.get(reference)
    if (!task || task.deletedAt !== null) {
      throw new BoardError('TASK_NOT_FOUND', `There is no task ${reference.slice(0, 80)} on the board '${this.slug}'.`)
    }
    return { stores, task }
  }

  /** The chat that asks, as one that is told of what becomes of its tasks. */
  get subscriber(): NewSubscription | undefined {
    const { origin } = this.options
    if (!origin?.chat) return undefined
    return { target: { kind: 'chat', ...origin.chat, ...(origin.sessionId !== undefined && { sessionId: origin.sessionId }) }, mode: 'notify+wake' }
  }

  /** A time as people say it. @throws UsageError */
  time(text: string): number {
    const at = readTime(text, this.now)
    if (at === undefined) throw new UsageError(`'${text.slice(0, 80)}' is no time. Write ${TIME_EXAMPLES}.`)
    return at
  }

  /** @throws TalariaError `FORBIDDEN` when whoever asks may not reach beyond the boards, as `what` does. */
  requireAdmin(what: string): void {
    if (!this.options.isAdmin) throw new TalariaError('FORBIDDEN', `${what} is for admins.`)
  }

  /** Writes a value for programs, or the text of it for people. */
  answer(json: boolean | undefined, value: unknown, text: () => string): void {
    this.say(json ? JSON.stringify(value, null, 2) : text())
  }

  say(text: string): void {
    this.options.write(`${text}\n`)
  }

  /** Says why a part of the command was not done, which ends it with 1. */
  refuse(reason: string): void {
    this.hasRefused = true
    this.remark(`${this.name}: ${reason}`)
  }

  /** Says something beside the answer. */
  remark(text: string): void {
    this.options.writeError(`${text}\n`)
  }
}
