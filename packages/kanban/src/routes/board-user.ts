/** Who asks for boards: what is written down as the actor, and what may be done. */
export interface BoardUser {
  readonly actor: string
  readonly scopes: ReadonlySet<'read' | 'write' | 'admin'>
}
