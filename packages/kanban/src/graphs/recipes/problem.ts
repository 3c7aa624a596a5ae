/** Something that is wrong with a recipe or with what it is run with. */
export interface Problem {
  /** Where: `nodes.2.needs.0`, `inputs.topic`. Empty for the whole. */
  readonly path: string
  readonly message: string
}
