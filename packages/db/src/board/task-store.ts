import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import type { Transaction } from '../scope.ts'
import { appendEvent } from './append-event.ts'
import { checkColumns, refuseClosedBoard } from './board-rules.ts'
import { illegalTransition, writeHead } from './move-task.ts'
import type { Actor, Link, LinkCondition, NewTask, TaskChanges, TaskDetail } from './records.ts'
import type { BoardTables } from './tables.ts'
import * as actions from './task-actions.ts'
import type { Block } from './task-block.ts'
import { changeTask, refuseStale } from './task-change.ts'
import { checkCondition, checkedChanges, checkedTask, checkName, checkText } from './task-checks.ts'
import { insertTask, type CreatedTask } from './task-create.ts'
import { purgeTasks, removeTask, restoreTask } from './task-deletion.ts'
import { insertGraph, type GraphTask } from './task-graph.ts'
import { requireHead } from './task-head.ts'
import { linkTasks, unlinkTasks } from './task-links.ts'
import { requireDetail } from './task-queries.ts'
import { TaskReader } from './task-reader.ts'
import { requireTask, type TaskReference } from './task-reference.ts'

/** Who acts, and on which revision of the task, when that matters. */
export interface Acting {
  readonly actor: Actor
  /** Of the task as the caller read it: `STALE_REVISION` when it was changed since. */
  readonly revision?: number
}

/**
 * The tasks of a board, and what may be done to them. Every method is one transaction: it is on disk when it resolves,
 * and changed nothing when it throws.
 *
 * All throw BoardError: `TASK_NOT_FOUND` for a reference to none, `INVALID` for a field that is wrong, and what does
 * something to one task `STALE_REVISION` and `ILLEGAL_TRANSITION`.
 */
export class TaskStore extends TaskReader {
  readonly #database: Database<BoardTables>
  readonly #clock: Clock

  constructor(database: Database<BoardTables>, clock: Clock) {
    super(database)
    this.#database = database
    this.#clock = clock
  }

  /** Makes a task, or finds the one that was made with its key. */
  async create(task: NewTask, actor: Actor): Promise<CreatedTask> {
    const checked = checkedTask(task)
    return this.#write(async (tx, at) => {
      const made = await insertTask(tx, checked, { actor, at })
      if (made.created && checked.columnKey !== undefined) await checkColumns(tx, undefined, await requireHead(tx, made.task.number))
      return made
    })
  }

  /** Makes tasks that wait for each other, all of them or none. @throws BoardError `CYCLE`, `SELF_LINK` */
  async createMany(graph: readonly GraphTask[], actor: Actor): Promise<readonly CreatedTask[]> {
    const checked = graph.map(({ task, needs }) => ({ task: checkedTask(task), needs }))
    return this.#write((tx, at) => insertGraph(tx, checked, { actor, at }))
  }

  /** Makes the parts of a task in triage, which then waits for all of them, and from which they inherit. */
  async decompose(
    reference: TaskReference,
    graph: readonly GraphTask[],
    acting: Acting,
  ): Promise<{ readonly task: TaskDetail; readonly parts: readonly CreatedTask[] }> {
    const checked = graph.map(({ task, needs }) => ({ task: checkedTask(task), needs }))
    const { actor } = acting
    return this.#write(async (tx, at) => {
      const number = await requireTask(tx, reference)
      const head = await requireHead(tx, number)
      refuseStale(head, acting.revision)
      if (head.state !== 'triage') throw illegalTransition(head, 'decompose')
      const parts = await insertGraph(tx, checked, { actor, at, inheritFrom: number })
      for (const { task, created } of parts) if (created) await linkTasks(tx, task.number, number, 'success', { actor, at })
      await appendEvent(tx, { kind: 'task.decomposed', actor, at, taskNumber: number, payload: { children: parts.map(({ task }) => task.number) } })
      await actions.specified(tx, await requireHead(tx, number), { actor, at })
      return { task: await requireDetail(tx, number), parts }
    })
  }

  /** Changes fields; what is not named stays. The event says what they were before, and who changed them. */
  async change(reference: TaskReference, changes: TaskChanges, { actor, revision }: Acting): Promise<TaskDetail> {
    const checked = checkedChanges(changes)
    return this.#write(async (tx, at) => {
      const number = await requireTask(tx, reference)
      const before = await requireHead(tx, number)
      const changed = await changeTask(tx, number, checked, { actor, at, ...(revision !== undefined && { revision }) })
      await checkColumns(tx, before, await requireHead(tx, number))
      return changed
    })
  }

  /** Gives a task to somebody, or to nobody. Not while it runs: release it first. */
  async assign(reference: TaskReference, assignee: string | null, acting: Acting): Promise<TaskDetail> {
    const name = assignee === null ? null : checkName('assignee', assignee)
    return this.#act(reference, acting, async (tx, head, { actor, at }) => {
      if (head.state === 'running') throw illegalTransition(head, 'assign')
      if (head.assignee === name) return head
      await appendEvent(tx, { kind: 'task.assigned', actor, at, taskNumber: head.number, payload: { from: head.assignee, to: name } })
      // Failures were those of somebody else.
      return writeHead(tx, { ...head, assignee: name, failures: 0, next_attempt_at: null }, at)
    })
  }

  /** Out of triage, with the words that were found for it. */
  async specify(reference: TaskReference, acting: Acting, changes: TaskChanges = {}): Promise<TaskDetail> {
    const checked = checkedChanges(changes)
    return this.#act(reference, acting, async (tx, head, by) => {
      const specified = await actions.specified(tx, head, by)
      await changeTask(tx, head.number, checked, by)
      return specified
    })
  }

  /** To its turn, before its time and out of a block. @throws BoardError `PARENTS_OPEN` */
  promote(reference: TaskReference, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.promoted)
  }

  /** Not before a time, in milliseconds. */
  async schedule(reference: TaskReference, notBefore: number, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.scheduled(notBefore))
  }

  /** Has what waited for its time wait no longer, at most so many; how many there were. */
  wakeDue(actor: Actor, limit = 200): Promise<number> {
    return this.#write(async (tx, at) => {
      const due = await tx
        .selectFrom('task')
        .select('number')
        .where('state', '=', 'scheduled')
        .where('deleted_at', 'is', null)
        .where('not_before', '<=', at)
        .orderBy('not_before')
        .limit(limit)
        .execute()
      for (const { number } of due) await actions.woken(tx, await requireHead(tx, number), { actor, at })
      return due.length
    })
  }

  async block(reference: TaskReference, block: Block, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.blocked(block))
  }

  /** @throws BoardError `PARENTS_OPEN` when its parents have ended so that it can never begin */
  unblock(reference: TaskReference, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.unblocked)
  }

  /** @throws BoardError `PARENTS_OPEN` */
  async requestReview(reference: TaskReference, review: { readonly reviewer?: string; readonly summary?: string }, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.reviewRequested(review))
  }

  async requestChanges(reference: TaskReference, reason: string, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.changesRequested(reason))
  }

  async reopen(reference: TaskReference, acting: Acting, reason?: string): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.reopened(reason === undefined ? undefined : checkText('reason', reason, 4_000)))
  }

  /** Takes a task away from its worker, for another to claim. */
  release(reference: TaskReference, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.released)
  }

  /** Done, whoever worked on it. A worker completes its claim instead. @throws BoardError `PARENTS_OPEN` */
  async complete(reference: TaskReference, completion: actions.Completion, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.completed(completion))
  }

  archive(reference: TaskReference, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.archived)
  }

  unarchive(reference: TaskReference, acting: Acting): Promise<TaskDetail> {
    return this.#act(reference, acting, actions.unarchived)
  }

  /** Has `child` wait for `parent`. @throws BoardError `SELF_LINK`, `DUPLICATE_LINK`, `CYCLE` */
  async link(parent: TaskReference, child: TaskReference, condition: LinkCondition, actor: Actor): Promise<Link> {
    checkCondition(condition)
    return this.#write(async (tx, at) => linkTasks(tx, await requireTask(tx, parent), await requireTask(tx, child), condition, { actor, at }))
  }

  /** False when there was no such link. */
  unlink(parent: TaskReference, child: TaskReference, actor: Actor): Promise<boolean> {
    return this.#write(async (tx, at) => unlinkTasks(tx, await requireTask(tx, parent), await requireTask(tx, child), { actor, at }))
  }

  /** Has a task vanish until it is restored; its worker is told to stop. */
  async remove(reference: TaskReference, { actor, revision }: Acting): Promise<void> {
    await this.#write(async (tx, at) => {
      const number = await requireTask(tx, reference)
      refuseStale(await requireHead(tx, number), revision)
      await removeTask(tx, number, { actor, at })
    })
  }

  /** Takes a deletion back, for as long as the task is not purged. */
  restore(reference: TaskReference, actor: Actor): Promise<TaskDetail> {
    return this.#write(async (tx, at) => {
      const number = await requireTask(tx, reference)
      await restoreTask(tx, number, { actor, at })
      return requireDetail(tx, number)
    })
  }

  /** Removes for good what was deleted before a time, at most so many; how many. */
  purge(before: number, limit: number): Promise<number> {
    return this.#write((tx, at) => purgeTasks(tx, before, limit, at))
  }

  #act(reference: TaskReference, { actor, revision }: Acting, step: actions.TaskStep): Promise<TaskDetail> {
    return this.#write(async (tx, at) => {
      const head = await requireHead(tx, await requireTask(tx, reference))
      refuseStale(head, revision)
      await step(tx, head, { actor, at })
      await checkColumns(tx, head, await requireHead(tx, head.number))
      return requireDetail(tx, head.number)
    })
  }

  #write<Result>(callback: (tx: Transaction<BoardTables>, at: number) => Promise<Result>): Promise<Result> {
    const at = this.#clock.now()
    return this.#database.write(async (tx) => {
      await refuseClosedBoard(tx)
      return callback(tx, at)
    })
  }
}
