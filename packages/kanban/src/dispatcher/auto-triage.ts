import { codeOf, messageOf, type Clock, type Log } from '@talaria/core'
import type { BoardStores, Task } from '@talaria/db'
import { decomposeTask } from '../graphs/decompose.ts'
import type { Planner } from '../graphs/planner.ts'

/** Before a task that the model could not be asked about is tried again, twice as long after each failure. */
const FIRST_BACKOFF_MS = 30_000
const LONGEST_BACKOFF_MS = 3_600_000

/** Looked at for one that may be asked about; the rest waits behind them. */
const PAGE_TASKS = 500

/** Somebody else was faster, or the task is gone: nothing failed. */
const OVERTAKEN = new Set(['STALE_REVISION', 'ILLEGAL_TRANSITION', 'TASK_NOT_FOUND', 'BOARD_NOT_FOUND'])

export interface AutoTriageOptions {
  readonly storesOf: (board: string) => BoardStores
  readonly planner: Planner
  /** Of boards that do not say whether. */
  readonly isOn: boolean
  /** Tasks that the model is asked about at once, over all boards. */
  readonly atOnce: number
  /** Whether this dispatcher may ask: one of its home does, for the limit is the home's, and none while it is paused. */
  readonly mayAsk: () => boolean
  readonly actor: string
  readonly clock: Clock
  readonly log: Log
}

interface Failing {
  readonly failures: number
  /** Monotonic. */
  readonly retryAt: number
}

/** Asks the model about tasks in triage, a few at once and the boards in turn, and has them begin as it says. */
export class AutoTriage implements AsyncDisposable {
  readonly #options: AutoTriageOptions
  /** Boards that may have tasks for it, the next one first. */
  readonly #boards = new Set<string>()
  readonly #asking = new Map<string, Promise<void>>()
  readonly #failing = new Map<string, Failing>()
  readonly #ended = new AbortController()
  #pump: Promise<void> | undefined

  constructor(options: AutoTriageOptions) {
    this.#options = options
  }

  /** Has it look at a board. Returns at once. */
  look(board: string): void {
    if (this.#ended.signal.aborted || !this.#options.mayAsk()) return
    this.#boards.add(board)
    this.#begin()
  }

  /** Ends questions that are under way; their tasks stay in triage. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error('the dispatcher is stopping'))
    await this.#pump
    await Promise.all(this.#asking.values())
  }

  get #hasRoom(): boolean {
    return this.#asking.size < this.#options.atOnce && !this.#ended.signal.aborted
  }

  #begin(): void {
    this.#pump ??= this.#askWhileRoom().finally(() => {
      this.#pump = undefined
      // A board may have come after the last look.
      if (this.#boards.size > 0 && this.#hasRoom) this.#begin()
    })
  }

  async #askWhileRoom(): Promise<void> {
    while (this.#hasRoom) {
      const [board] = this.#boards
      if (board === undefined) return
      this.#boards.delete(board)
      const task = await this.#next(board)
      if (!task) continue
      this.#boards.add(board)
      const key = keyOf(board, task)
      this.#asking.set(
        key,
        this.#ask(board, task).finally(() => {
          this.#asking.delete(key)
          this.look(board)
        }),
      )
    }
  }

  /** The first task of a board that may be asked about now. */
  async #next(board: string): Promise<Task | undefined> {
    const { storesOf, isOn, clock, log } = this.#options
    try {
      const stores = storesOf(board)
      const { settings, pausedAt, archivedAt } = await stores.board.get()
      if (!(settings.isAutoTriaged ?? isOn) || pausedAt !== null || archivedAt !== null) return undefined
      const { tasks } = await stores.tasks.list({ states: ['triage'], limit: PAGE_TASKS })
      this.#forgetOthers(board, tasks)
      const now = clock.monotonic()
      return tasks.find((task) => !this.#asking.has(keyOf(board, task)) && (this.#failing.get(keyOf(board, task))?.retryAt ?? 0) <= now)
    } catch (error) {
      if (!OVERTAKEN.has(codeOf(error) ?? '')) log.error({ err: error, board }, 'tasks in triage could not be looked at')
      return undefined
    }
  }

  /** Tasks that have left triage by another way. */
  #forgetOthers(board: string, tasks: readonly Task[]): void {
    const kept = new Set(tasks.map((task) => keyOf(board, task)))
    for (const key of this.#failing.keys()) if (key.startsWith(keyOf(board, { id: '' })) && !kept.has(key)) this.#failing.delete(key)
  }

  async #ask(board: string, task: Task): Promise<void> {
    const { storesOf, planner, actor, log } = this.#options
    const key = keyOf(board, task)
    const { signal } = this.#ended
    try {
      const { parts } = await decomposeTask(storesOf(board), task.number, { planner, actor, revision: task.revision, signal })
      this.#failing.delete(key)
      log.info({ board, task: task.number, parts: parts.map(({ number }) => number) }, 'a task has left triage')
    } catch (error) {
      if (signal.aborted) return
      if (OVERTAKEN.has(codeOf(error) ?? '')) this.#failing.delete(key)
      else await this.#failed(board, task, error)
    }
  }

  async #failed(board: string, task: Task, error: unknown): Promise<void> {
    const { storesOf, clock, log } = this.#options
    const failures = (this.#failing.get(keyOf(board, task))?.failures ?? 0) + 1
    const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1))
    this.#failing.set(keyOf(board, task), { failures, retryAt: clock.monotonic() + backoffMs })
    const detail = `${messageOf(error)} It is tried again at ${new Date(clock.now() + backoffMs).toISOString()}.`
    log.warn({ err: error, board, task: task.number, backoffMs }, 'the model could not be asked about a task in triage')
    try {
      await storesOf(board).claims.setWaiting([{ number: task.number, code: 'triage', detail }])
    } catch (failure) {
      log.error({ err: failure, board, task: task.number }, 'why a task stays in triage could not be written down')
    }
  }
}

function keyOf(board: string, { id }: Pick<Task, 'id'>): string {
  return `${board} ${id}`
}
