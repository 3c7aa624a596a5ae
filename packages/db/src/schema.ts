/** What a database contains, and how it came to contain it. `Tables` is the Kysely type of its rows. */
export interface Schema<Tables> {
  /** Written into the database, so that a file opened as something else is recognised. */
  readonly name: string
  /** In the order they are applied; the position of the last one, from 1, is the version. Never edited once released. */
  readonly migrations: readonly Migration[]
  /** Carries the type of the rows; never set. */
  readonly tables?: Tables
}

export interface Migration {
  readonly name: string
  /** Statements that are run one after another inside the one transaction of a migration. */
  readonly sqlite: readonly string[]
}
