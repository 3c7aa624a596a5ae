import type { KeyScope, Viewer } from '@talaria/db'
import { ApiError } from './api-error.ts'

/** Who makes this request, once their key was recognised. */
export interface Caller {
  /** What their rows are marked with. */
  readonly owner: string
  /** Whose rows they may see. */
  readonly viewer: Viewer
  readonly scopes: ReadonlySet<KeyScope>
}

const ALL_SCOPES: ReadonlySet<KeyScope> = new Set<KeyScope>(['chat', 'read', 'admin'])

/** The caller behind the root key (`API_SERVER_KEY`): sees everything, unless it says for whom it acts. */
export function rootCaller(user: string | undefined): Caller {
  return user === undefined ? { owner: 'root', viewer: { all: true }, scopes: ALL_SCOPES } : actingFor('root', user, ALL_SCOPES)
}

/** The caller behind a named key. Only a service key may name a user it acts for. */
export function keyCaller(key: { readonly id: string; readonly scopes: readonly KeyScope[]; readonly service: boolean }, user: string | undefined): Caller {
  const scopes = new Set(key.scopes)
  if (user !== undefined) {
    if (!key.service)
      throw new ApiError('insufficient_scope', 'This key may not act for a user: X-Talaria-User needs a service key (talaria keys create --service).')
    return actingFor(key.id, user, scopes)
  }
  return { owner: key.id, viewer: scopes.has('admin') ? { all: true } : { owner: key.id }, scopes }
}

/** Rows made for a user belong to the pair of key and user, so that two services cannot see each other's "alice". */
function actingFor(keyId: string, user: string, scopes: ReadonlySet<KeyScope>): Caller {
  const owner = `${keyId}/${user}`
  return { owner, viewer: { owner }, scopes }
}

/** Who may do more may do less: an admin everything, who may chat may read. */
const IMPLIED_BY: Readonly<Record<KeyScope, readonly KeyScope[]>> = {
  read: ['read', 'chat', 'admin'],
  chat: ['chat', 'admin'],
  admin: ['admin'],
}

/** @throws ApiError `insufficient_scope`, naming the scope that is missing. */
export function requireScope(caller: Caller, scope: KeyScope): void {
  if (IMPLIED_BY[scope].some((one) => caller.scopes.has(one))) return
  throw new ApiError('insufficient_scope', `This key lacks the scope '${scope}'. Make one that has it: talaria keys create --scope ${scope}.`)
}
