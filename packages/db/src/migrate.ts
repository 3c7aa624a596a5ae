import type { Clock } from '@talaria/core'
import type { SqliteConnection } from './engines/sqlite-connection.ts'
import { DatabaseError } from './errors.ts'
import { untilUnlocked, type LockWait } from './lock-wait.ts'
import type { Schema } from './schema.ts'

const VERSION_TABLE = `create table schema_version (
  name text not null primary key,
  version integer not null,
  migrated_at integer not null
) strict`

/**
 * How many migrations of this schema a file has seen; 0 for an empty one.
 *
 * @throws DatabaseError `WRONG_SCHEMA` when it holds something else.
 */
export function versionOf(connection: SqliteConnection, schema: Schema<unknown>, file: string): number {
  const hasVersion = connection.value(`select 1 from sqlite_schema where type = 'table' and name = 'schema_version'`) === 1
  if (!hasVersion) {
    if (connection.value('select count(*) from sqlite_schema') === 0) return 0
    throw new DatabaseError('WRONG_SCHEMA', `${file} is not a database of Talaria. Nothing was changed; move it away or set TALARIA_HOME to another folder.`)
  }
  const [row] = connection.rows('select name, version from schema_version') as { name: string; version: number }[]
  if (row?.name === schema.name) return row.version
  throw new DatabaseError('WRONG_SCHEMA', `${file} is Talaria's '${row?.name}' database, not '${schema.name}'. Nothing was changed.`)
}

/** @throws DatabaseError `SCHEMA_TOO_NEW` */
export function refuseNewer(version: number, schema: Schema<unknown>, file: string): void {
  const known = schema.migrations.length
  if (version <= known) return
  throw new DatabaseError(
    'SCHEMA_TOO_NEW',
    `${file} was migrated to version ${version} by a newer Talaria; this one knows ${known}. Update Talaria, or restore a backup of the older version.`,
    {
      details: { file, version, known },
    },
  )
}

/** @throws DatabaseError `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW` */
export function checkVersion(version: number, schema: Schema<unknown>, file: string): void {
  refuseNewer(version, schema, file)
  const known = schema.migrations.length
  if (version === known) return
  throw new DatabaseError(
    'SCHEMA_TOO_OLD',
    `${file} is at version ${version} and this Talaria needs ${known}. The service that owns it migrates it when it starts.`,
    {
      details: { file, version, known },
    },
  )
}

/**
 * Brings a file up to date in one transaction that is begun as a writer, so that processes which start together wait
 * for each other instead of creating the same table twice.
 */
export async function migrate(
  connection: SqliteConnection,
  schema: Schema<unknown>,
  options: LockWait & { readonly clock: Clock; readonly file: string },
): Promise<void> {
  await untilUnlocked(() => connection.run('begin immediate'), options)
  try {
    const version = versionOf(connection, schema, options.file)
    // Another process may have been here while this one waited for the lock.
    if (version >= schema.migrations.length) return
    if (version === 0) connection.script(VERSION_TABLE)
    for (const migration of schema.migrations.slice(version)) {
      for (const statement of migration.sqlite) connection.script(statement)
    }
    connection.script(
      `insert into schema_version values ('${schema.name}', ${schema.migrations.length}, ${options.clock.now()})
       on conflict (name) do update set version = excluded.version, migrated_at = excluded.migrated_at`,
    )
    await untilUnlocked(() => connection.run('commit'), options)
  } finally {
    if (connection.inTransaction) connection.run('rollback')
  }
}
