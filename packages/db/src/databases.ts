import { basename } from 'node:path'
import type { Clock, Log } from '@talaria/core'
import { backUp, type BackupOptions } from './backup.ts'
import { attachmentsFolder, boardNotFound, Boards } from './board/boards.ts'
import { boardSchema } from './board/schema.ts'
import { isSlug } from './board/slug.ts'
import { boardStores, type BoardStores } from './board/stores.ts'
import type { BoardTables } from './board/tables.ts'
import { Database, Source } from './database.ts'
import { DatabaseError } from './errors.ts'
import { fileExists, sizeOf, type Damage } from './files.ts'
import { gatewaySchema } from './gateway/schema.ts'
import { gatewayReaders, gatewayStores, type GatewayReaders, type GatewayStores } from './gateway/stores.ts'
import type { GatewayTables } from './gateway/tables.ts'
import type { Handle } from './handle.ts'
import { findDamage, type Findings } from './integrity.ts'
import { realPathOf, type Location } from './location.ts'
import { OWNERSHIP, type Service } from './ownership.ts'
import { Registry, type Place } from './registry.ts'
import { restore } from './restore.ts'

/**
 * Descriptors that one open database costs at most, in WAL mode: the file and its `-wal` for the reader, the same for
 * the writer, and one `-shm` that they share. Measured in databases.test.ts.
 */
export const FILES_PER_DATABASE = 5

/** The gateway's own, the WebUI's, and more boards than anybody looks at within a minute. */
const MAX_DATABASES = 40

export interface OpenDatabasesOptions {
  readonly service: Service
  /** Where each database lives. */
  readonly locations: {
    readonly gateway: Location
    /** The folder that holds a database for each board; without it there are no boards. */
    readonly boards?: string
  }
  readonly clock: Clock
  readonly log: Log
  /** How long a database nobody uses stays open; a minute unless given. */
  readonly lingerMs?: number
  readonly maxDatabases?: number
  /** How long closing waits for leases to come back; 5 s unless given. */
  readonly graceMs?: number
  /** How long a write waits for the lock of another process; 20 s unless given. */
  readonly lockBudgetMs?: number
}

/** One open connection, for who asks who holds what. */
export interface HandleRow {
  readonly file: string
  readonly role: 'reader' | 'writer'
  /** Wall time in milliseconds. */
  readonly openedAt: number
  readonly leases: readonly { readonly since: number; readonly where: string }[]
}

export interface DatabaseStats {
  readonly databases: number
  readonly connections: number
  readonly leases: number
  readonly followers: number
  readonly queuedWrites: number
  /** Since this process started. */
  readonly commits: number
  readonly writes: number
  readonly opened: number
  readonly evicted: number
  /** Descriptors that databases may take at most: a constant of the configuration. */
  readonly maxFiles: number
}

/** What the last look through a whole file found. */
export interface IntegrityCheck extends Findings {
  /** Wall time in milliseconds. */
  readonly at: number
}

export interface DatabaseStatus {
  readonly name: string
  readonly file: string
  readonly journalMode: string | undefined
  readonly bytes: number
  readonly walBytes: number
  readonly damage: Damage | undefined
  readonly lastCheck: IntegrityCheck | undefined
}

/** Every database of this process. Owns all handles; disposed last. */
export class Databases implements AsyncDisposable {
  readonly #options: OpenDatabasesOptions
  readonly #registry: Registry
  readonly #maxDatabases: number
  readonly #hooks: (() => void | Promise<void>)[] = []
  readonly #checks = new Map<string, IntegrityCheck>()
  #isBackingUp = false
  #closing: Promise<void> | undefined

  /** Use {@link openDatabases}. */
  constructor(options: OpenDatabasesOptions) {
    this.#options = options
    this.#maxDatabases = options.maxDatabases ?? MAX_DATABASES
    this.#registry = new Registry({
      clock: options.clock,
      log: options.log,
      lingerMs: options.lingerMs ?? 60_000,
      maxDatabases: this.#maxDatabases,
      graceMs: options.graceMs ?? 5_000,
      ...(options.lockBudgetMs !== undefined && { lockBudgetMs: options.lockBudgetMs }),
    })
  }

  /** The stores of `gateway.db`. @throws DatabaseError `READ_ONLY` in any service but the gateway. */
  get gateway(): GatewayStores {
    if (!OWNERSHIP.gateway.writtenBy.includes(this.#options.service)) {
      throw new DatabaseError('READ_ONLY', `gateway.db is written by the gateway only; the ${this.#options.service} asks it over HTTP.`)
    }
    return gatewayStores(new Database<GatewayTables>(this.#registry, this.#gatewayPlace), this.#options.clock)
  }

  get gatewayReaders(): GatewayReaders {
    return gatewayReaders(new Source<GatewayTables>(this.#registry, this.#gatewayPlace), this.#options.clock)
  }

  /** The boards of this home. */
  get boards(): Boards {
    return new Boards({
      folder: this.#boardsFolder,
      clock: this.#options.clock,
      databaseOf: (slug) => new Database<BoardTables>(this.#registry, this.#boardPlace(slug)),
      letGo: (slug) => this.#registry.letGo(this.#boardPlace(slug)),
      copy: (slug, name) => this.#copyBoard(slug, name),
    })
  }

  /** The stores of one board. @throws BoardError `BOARD_NOT_FOUND` */
  board(slug: string): BoardStores {
    // Without the check a slip of the pen would make a board.
    if (!isSlug(slug) || !fileExists(this.#boardPlace(slug).location.file)) throw boardNotFound(slug)
    return boardStores(new Database<BoardTables>(this.#registry, this.#boardPlace(slug)), attachmentsFolder(this.#boardsFolder, slug), this.#options.clock)
  }

  /**
   * Has `hook` called before the databases close, while they still work; hooks added last are called first. Returns
   * what takes it back.
   */
  onClose(hook: () => void | Promise<void>): () => void {
    this.#hooks.push(hook)
    return () => {
      const index = this.#hooks.indexOf(hook)
      if (index !== -1) this.#hooks.splice(index, 1)
    }
  }

  stats(): DatabaseStats {
    const handles = this.#registry.handles
    return {
      databases: handles.length,
      connections: sum(handles.map((handle) => handle.connections.length)),
      leases: sum(handles.map((handle) => handle.leases.size)),
      followers: sum(handles.map((handle) => handle.changes.followers)),
      queuedWrites: sum(handles.map((handle) => handle.queuedWrites)),
      ...this.#registry.counts,
      maxFiles: this.#maxDatabases * FILES_PER_DATABASE,
    }
  }

  /** Every open connection, since when, and who has borrowed it right now. */
  handles(): readonly HandleRow[] {
    return this.#registry.handles.flatMap((handle) =>
      handle.connections.map(({ role, openedAt }) => ({
        file: handle.file,
        role,
        openedAt,
        leases: [...handle.leases].filter((lease) => (lease.purpose === 'write') === (role === 'writer')).map(({ since, where }) => ({ since, where })),
      })),
    )
  }

  /** How the open databases are: integrity, journal, size. */
  status(): readonly DatabaseStatus[] {
    return this.#registry.handles.map((handle) => ({
      name: nameOf(handle),
      file: handle.file,
      journalMode: handle.journalMode,
      damage: handle.guard.damage,
      bytes: sizeOf(handle.file),
      walBytes: sizeOf(`${handle.file}-wal`),
      lastCheck: this.#checks.get(handle.file),
    }))
  }

  /**
   * Looks through all of `gateway.db` in a process of its own. Damage makes it read-only, here and after a restart; a
   * search index that is damaged is emptied by the database's owner, and fills again.
   *
   * @throws DatabaseError `IO` when the check could not be made.
   */
  async checkIntegrity(signal?: AbortSignal): Promise<IntegrityCheck> {
    const { file, guard } = this.#registry.handleOf(this.#gatewayPlace)
    const check = { at: this.#options.clock.now(), ...(await findDamage(file, signal)) }
    this.#checks.set(file, check)
    if (check.problems.length > 0) guard.markDamaged(check.problems.join('; '))
    else if (check.indexProblems.length > 0 && this.#gatewayPlace.isOwner) await this.gateway.searchIndex.rebuild()
    return check
  }

  /**
   * Copies `gateway.db` to a new file while it is in use; see {@link backUp}.
   *
   * @throws DatabaseError `BUSY` while another backup is under way.
   */
  async backUp(target: string, options?: BackupOptions): Promise<void> {
    if (this.#isBackingUp) throw new DatabaseError('BUSY', 'A backup of this database is under way already.')
    const { handle, lease } = this.#registry.borrow(this.#gatewayPlace, 'write')
    this.#isBackingUp = true
    try {
      await backUp(handle, target, options)
    } finally {
      this.#isBackingUp = false
      lease.release()
    }
  }

  /** Calls the hooks, drains and closes everything; a second call waits for the first. @throws AggregateError */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #gatewayPlace(): Place {
    const { service, locations } = this.#options
    return { location: locations.gateway, schema: gatewaySchema, isOwner: OWNERSHIP.gateway.madeBy.includes(service) }
  }

  get #boardsFolder(): string {
    const { boards } = this.#options.locations
    if (boards === undefined) throw new DatabaseError('NOT_FOUND', 'This process was told of no folder for boards.')
    return boards
  }

  #boardPlace(slug: string): Place {
    return { location: { file: `${this.#boardsFolder}/${slug}.db` }, schema: boardSchema, isOwner: OWNERSHIP.board.madeBy.includes(this.#options.service) }
  }

  async #copyBoard(slug: string, name: string): Promise<void> {
    const { handle, lease } = this.#registry.borrow(this.#boardPlace(slug), 'write')
    try {
      await backUp(handle, this.#boardPlace(name).location.file)
    } finally {
      lease.release()
    }
  }

  async #close(): Promise<void> {
    const errors: unknown[] = []
    for (const hook of this.#hooks.splice(0).toReversed()) {
      try {
        await hook()
      } catch (error) {
        errors.push(error)
      }
    }
    errors.push(...(await this.#registry.close()))
    if (slot[SLOT] === this) delete slot[SLOT]
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} things went wrong while the databases closed`)
  }
}

/** On the global object, so that a second copy of this package in the process is noticed as well. */
const SLOT = Symbol.for('talaria.databases')
const slot = globalThis as { [SLOT]?: Databases }

/**
 * The databases of this process, to be opened once and disposed last. Opens no file: a database is opened by its first
 * use, made and migrated by the service that owns it.
 *
 * @throws DatabaseError `ALREADY_OPEN`
 */
export function openDatabases(options: OpenDatabasesOptions): Databases {
  if (slot[SLOT]) throw new DatabaseError('ALREADY_OPEN', 'The databases of this process are open already. Pass them on instead of opening them again.')
  return (slot[SLOT] = new Databases(options))
}

/**
 * Puts a backup in the place of `gateway.db`; see {@link restore}. Nobody may have the database open, this process included.
 *
 * @returns where the former database is now, or `undefined` when there was none.
 */
export function restoreGateway(options: { readonly backup: string; readonly location: Location; readonly clock: Clock }): Promise<string | undefined> {
  return restore({ backup: options.backup, file: realPathOf(options.location), schema: gatewaySchema, clock: options.clock })
}

/** `gateway`, or `boards/<slug>`: what people call it. */
function nameOf({ schemaName, file }: Handle): string {
  return schemaName === boardSchema.name ? `boards/${basename(file, '.db')}` : schemaName
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
