import type { Generated } from 'kysely'
import type { Schema } from '../schema.ts'

/** The rows of a database that exists in tests only. */
export interface TestTables {
  note: {
    id: Generated<number>
    /** Unique. */
    text: string
    /** Another note. */
    parent: number | null
  }
}

/** A small schema with what a transaction may trip over: a unique column, a foreign key, a check. */
export const testSchema: Schema<TestTables> = {
  name: 'test',
  migrations: [
    {
      name: '0001-note',
      sqlite: [
        `create table note (
          id integer primary key autoincrement,
          text text not null unique check (text <> ''),
          parent integer references note (id)
        ) strict`,
      ],
    },
  ],
}
