import { silentLog, systemClock } from '@talaria/core'
import { Database } from '../database.ts'
import { Registry, type Place, type RegistryOptions } from '../registry.ts'
import type { Schema } from '../schema.ts'
import { temporaryHome } from './temporary-home.ts'
import { testSchema, type TestTables } from './test-schema.ts'

export interface TestDatabaseOptions extends Partial<RegistryOptions> {
  /** In a folder of its own, which goes with the database, unless given. */
  readonly file?: string
  readonly schema?: Schema<TestTables>
  readonly isOwner?: boolean
}

/** The engine without any store: a registry, and databases of it with the tables of {@link testSchema}. */
export interface TestDatabase extends AsyncDisposable {
  readonly registry: Registry
  readonly database: Database<TestTables>
  readonly place: Place
  readonly file: string
  /** Another database of the same registry. */
  at(file: string): Database<TestTables>
  /** Closes it, and returns what went wrong; disposing raises that instead. */
  close(): Promise<readonly unknown[]>
}

/** Those that have not been closed. */
const unclosed = new Set<Registry>()

/** Where the databases of tests are open that nobody has closed; each is named once. */
export function takeUnclosedTestDatabases(): readonly string[] {
  const files = [...unclosed].flatMap(({ handles }) => handles.map((handle) => handle.file))
  unclosed.clear()
  return files
}

/** Opens the engine on a real file, as its owner unless told otherwise; to be disposed by `await using`. */
export function openTestDatabase({ file, schema = testSchema, isOwner = true, ...options }: TestDatabaseOptions = {}): TestDatabase {
  const home = file === undefined ? temporaryHome() : undefined
  const path = file ?? home!.file('test.db')
  const registry = new Registry({ clock: systemClock, log: silentLog, lingerMs: 60_000, maxDatabases: 10, graceMs: 5_000, ...options })
  unclosed.add(registry)
  const placeOf = (where: string): Place => ({ location: { file: where }, schema, isOwner })
  const at = (where: string) => new Database<TestTables>(registry, placeOf(where))
  const close = async () => {
    unclosed.delete(registry)
    return registry.close()
  }
  return {
    registry,
    database: at(path),
    place: placeOf(path),
    file: path,
    at,
    close,
    async [Symbol.asyncDispose]() {
      try {
        const errors = await close()
        if (errors.length > 0) throw new AggregateError(errors, `the test database closed badly: ${errors.map(String).join('; ')}`)
      } finally {
        home?.[Symbol.dispose]()
      }
    },
  }
}
