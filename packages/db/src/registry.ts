import type { Clock, Log } from '@talaria/core'
import { DatabaseError } from './errors.ts'
import { FileGuard } from './file-guard.ts'
import { Handle } from './handle.ts'
import type { Lease, Purpose } from './lease.ts'
import { realPathOf, type Location } from './location.ts'
import type { Schema } from './schema.ts'

/** A database as a store means it: where it is, what is in it, and whether this process makes it. */
export interface Place {
  readonly location: Location
  readonly schema: Schema<unknown>
  readonly isOwner: boolean
}

export interface RegistryOptions {
  readonly clock: Clock
  readonly log: Log
  /** How long a database nobody uses stays open. */
  readonly lingerMs: number
  /** How many databases may be open at once; each is at most `FILES_PER_DATABASE` open files. */
  readonly maxDatabases: number
  /** How long closing waits for leases to come back. */
  readonly graceMs: number
  readonly lockBudgetMs?: number
}

/** A handle that is borrowed; the two always go together. */
export interface Borrowed {
  readonly handle: Handle
  readonly lease: Lease
}

/** The open databases of this process, by the real path of their file. The only place that opens and closes them. */
export class Registry {
  readonly #options: RegistryOptions
  readonly #handles = new Map<string, Handle>()
  /** What is known of a file outlives its handle: one that was removed is not made again. */
  readonly #guards = new Map<string, FileGuard>()
  /** Resolving a path costs as much as the borrow itself. */
  readonly #realPaths = new Map<string, string>()
  readonly #ended = new AbortController()
  #sweeping: Promise<void> | undefined
  #isClosing = false
  #whileDraining: (() => void) | undefined
  /** Since this process started. */
  readonly counts = { commits: 0, writes: 0, opened: 0, evicted: 0 }

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  get handles(): readonly Handle[] {
    return [...this.#handles.values()]
  }

  /**
   * Borrows a database; the caller gives the lease back in `finally`. Counted before anything is awaited.
   *
   * @throws DatabaseError `CLOSED`, `TOO_MANY_OPEN`, `WRONG_SCHEMA`
   */
  borrow(place: Place, purpose: Purpose): Borrowed {
    const handle = this.handleOf(place)
    return { handle, lease: handle.lease(purpose) }
  }

  /** The handle of a database, made if need be; making one opens nothing. */
  handleOf(place: Place): Handle {
    if (this.#isClosing) throw new DatabaseError('CLOSED', `${place.location.file} cannot be used: the databases of this process are closing.`)
    const file = this.#realPath(place.location)
    const known = this.#handles.get(file)
    if (!known) return this.#add(file, place)
    if (known.schemaName === place.schema.name) return known
    throw new DatabaseError('WRONG_SCHEMA', `${file} is in use as '${known.schemaName}' and cannot be used as '${place.schema.name}' as well.`)
  }

  /** Closes a database that nobody uses right now, because its file is to be removed; false while somebody does. */
  letGo(place: Place): boolean {
    const file = this.#realPath(place.location)
    const handle = this.#handles.get(file)
    if (handle && !handle.isIdle) return false
    if (handle) this.#remove(handle)
    this.#guards.delete(file)
    return true
  }

  /** Gives every lease the grace period, reports those still out, and closes everything. Returns what went wrong. */
  async close(): Promise<unknown[]> {
    this.#isClosing = true
    this.#ended.abort(new Error('the databases are closing'))
    await this.#withinGrace(Promise.all([this.#sweeping, ...this.handles.map((handle) => handle.changes.close()), this.#leasesReturned()]))
    const errors: unknown[] = []
    for (const handle of this.handles) {
      for (const lease of handle.leases) errors.push(this.#leakOf(handle, lease))
      try {
        handle.close()
      } catch (error) {
        errors.push(error)
      }
    }
    this.#handles.clear()
    this.#guards.clear()
    return errors
  }

  #add(file: string, place: Place): Handle {
    if (this.#handles.size >= this.#options.maxDatabases) this.#evict()
    const { clock, log, lockBudgetMs } = this.#options
    const handle: Handle = new Handle({
      file,
      guard: this.#guardOf(file),
      schema: place.schema,
      isOwner: place.isOwner,
      clock,
      log,
      ...(lockBudgetMs !== undefined && { lockBudgetMs }),
      onCommit: (writes) => {
        this.counts.commits += 1
        this.counts.writes += writes
      },
      onReturn: () => this.#onReturn(),
    })
    this.#handles.set(file, handle)
    this.counts.opened += 1
    return handle
  }

  #guardOf(file: string): FileGuard {
    const known = this.#guards.get(file)
    if (known) return known
    const guard = new FileGuard(file, this.#options.clock, this.#options.log)
    this.#guards.set(file, guard)
    return guard
  }

  #realPath(location: Location): string {
    const known = this.#realPaths.get(location.file)
    if (known !== undefined) return known
    const path = realPathOf(location)
    this.#realPaths.set(location.file, path)
    return path
  }

  /** Makes room by closing the one that has been idle for longest. */
  #evict(): void {
    const [idlest] = this.handles.filter((handle) => handle.isIdle).toSorted((a, b) => a.idleSince - b.idleSince)
    if (!idlest) {
      throw new DatabaseError(
        'TOO_MANY_OPEN',
        `${this.#handles.size} databases are open and all of them are in use (the bound is ${this.#options.maxDatabases}).`,
      )
    }
    this.#remove(idlest)
    this.counts.evicted += 1
  }

  #remove(handle: Handle): void {
    this.#handles.delete(handle.file)
    // What stands at its paths may be another file when it is next opened.
    for (const [spelling, path] of this.#realPaths) if (path === handle.file) this.#realPaths.delete(spelling)
    try {
      handle.close()
    } catch (error) {
      this.#options.log.error({ err: error, file: handle.file }, 'a database that nobody used could not be closed')
    }
  }

  #onReturn(): void {
    this.#whileDraining?.()
    if (!this.#isClosing) this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined))
  }

  /** One timer for all handles, and none while nothing is open: a timer a borrow would cost more than the borrow. */
  async #sweep(): Promise<void> {
    const { clock, lingerMs } = this.#options
    while (this.#handles.size > 0) {
      await clock.delay(lingerMs, this.#ended.signal).catch(() => {})
      if (this.#ended.signal.aborted) return
      for (const handle of this.handles) {
        if (handle.isIdle && clock.monotonic() - handle.idleSince >= lingerMs) this.#remove(handle)
      }
    }
  }

  #leasesReturned(): Promise<void> {
    return new Promise((resolve) => {
      this.#whileDraining = () => {
        if (this.handles.every((handle) => handle.leases.size === 0)) resolve()
      }
      this.#whileDraining()
    })
  }

  async #withinGrace(done: Promise<unknown>): Promise<void> {
    const { clock, graceMs } = this.#options
    const enough = new AbortController()
    await Promise.race([done, clock.delay(graceMs, enough.signal).catch(() => {})])
    enough.abort(new Error('drained'))
    this.#whileDraining = undefined
  }

  #leakOf(handle: Handle, lease: Lease): Error {
    const heldMs = this.#options.clock.now() - lease.since
    this.#options.log.error({ file: handle.file, purpose: lease.purpose, heldMs, where: lease.where }, 'a lease was not given back')
    return new DatabaseError('CLOSED', `${handle.file}: a ${lease.purpose} lease was still out after ${heldMs} ms, taken\n${lease.where}`)
  }
}
