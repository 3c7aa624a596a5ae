import { dirname, join } from 'node:path'
import { silentLog, systemClock } from '@talaria/core'
import { openDatabases, type Databases, type OpenDatabasesOptions } from '../databases.ts'
import { temporaryHome } from './temporary-home.ts'

export interface TestDatabasesOptions extends Partial<Omit<OpenDatabasesOptions, 'locations'>> {
  /** Where `gateway.db` is; in a folder of its own, which goes with the databases, unless given. */
  readonly file?: string
}

export interface TestDatabases extends AsyncDisposable {
  readonly databases: Databases
  /** `gateway.db`, which is made by its first use. */
  readonly file: string
}

/**
 * The databases of a process as a gateway has them, on a real file, to be disposed by `await using`. Like
 * `openDatabases`, once at a time.
 */
export function openTestDatabases({ file, ...options }: TestDatabasesOptions = {}): TestDatabases {
  const home = file === undefined ? temporaryHome() : undefined
  const path = file ?? home!.file('gateway.db')
  const databases = openDatabases({
    service: 'gateway',
    clock: systemClock,
    log: silentLog,
    ...options,
    locations: { gateway: { file: path }, boards: join(dirname(path), 'boards') },
  })
  return {
    databases,
    file: path,
    async [Symbol.asyncDispose]() {
      try {
        await databases.close()
      } finally {
        home?.[Symbol.dispose]()
      }
    },
  }
}
