import { sql, type RawBuilder } from 'kysely'
import type { Viewer } from './records.ts'

/** Anything Kysely builds that can be narrowed by owner. */
interface Narrowable {
  where(column: 'owner', operator: '=', value: string): this
}

/** Narrows a query to the rows that a viewer may see; for `$call`. */
export function ownedBy(viewer: Viewer) {
  return <Query>(query: Query): Query => ('all' in viewer ? query : ((query as unknown as Narrowable).where('owner', '=', viewer.owner) as unknown as Query))
}

/** A viewer as the values of a prepared query, see {@link isOwnedBy}. */
export interface ViewerValues {
  readonly seesAll: 0 | 1
  readonly owner: string
}

export function viewerValues(viewer: Viewer): ViewerValues {
  return 'all' in viewer ? { seesAll: 1, owner: '' } : { seesAll: 0, owner: viewer.owner }
}

/** The same narrowing for a prepared query, whose text cannot depend on who looks. For a row that is found by its id. */
export function isOwnedBy({ seesAll, owner }: ViewerValues): RawBuilder<boolean> {
  return sql<boolean>`(${seesAll} = 1 or owner = ${owner})`
}
