import type { Compilable, CompiledQuery, QueryResult } from 'kysely'
import type { Snapshot, Transaction } from './scope.ts'

/** Stands for a value in a query that is built once. */
class Placeholder {
  readonly name: PropertyKey

  constructor(name: PropertyKey) {
    this.name = name
  }
}

const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(name) })

/**
 * A query that is built and compiled once and then run with values. Building one with Kysely costs as much as running
 * it; what every turn does is prepared, everything else is built where it is used.
 *
 * `build` gets placeholders for the values, so it may put them into the query and must not look at them.
 */
export class PreparedQuery<Tables, Values extends object, Row> {
  readonly #build: (db: Transaction<Tables>, values: Values) => Compilable<Row>
  #compiled: CompiledQuery<Row> | undefined

  constructor(build: (db: Transaction<Tables>, values: Values) => Compilable<Row>) {
    this.#build = build
  }

  /** Runs it with these values. */
  async run(db: Snapshot<Tables>, values: Values): Promise<QueryResult<Row>> {
    // A snapshot has the same builder behind it; what it may not run, it does not get.
    this.#compiled ??= this.#build(db as Transaction<Tables>, placeholders as Values).compile()
    const parameters = this.#compiled.parameters.map((parameter) => (parameter instanceof Placeholder ? values[parameter.name as keyof Values] : parameter))
    return db.getExecutor().executeQuery<Row>({ ...this.#compiled, parameters })
  }

  /** The first row, if there is one. */
  async first(db: Snapshot<Tables>, values: Values): Promise<Row | undefined> {
    return (await this.run(db, values)).rows[0]
  }
}
