import type { Viewer } from './records.ts'

/** Anything Kysely builds that can be narrowed by owner. */
interface Narrowable {
  where(column: 'owner', operator: '=', value: string): this
}

/** Narrows a query to the rows that a viewer may see; for `$call`. */
export function ownedBy(viewer: Viewer) {
  return <Query>(query: Query): Query => ('all' in viewer ? query : ((query as unknown as Narrowable).where('owner', '=', viewer.owner) as unknown as Query))
}
