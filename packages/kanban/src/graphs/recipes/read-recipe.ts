import { messageOf } from '@talaria/core'
import { invalidField } from '@talaria/db'
import { parse } from 'yaml'
import { RECIPE_LIMITS } from './recipe-definition.ts'

/** The value that JSON or YAML stands for. @throws BoardError `INVALID` */
export function readRecipe(text: string): unknown {
  if (Buffer.byteLength(text) > RECIPE_LIMITS.bytes) throw invalidField('definition', `at most ${RECIPE_LIMITS.bytes} bytes`)
  try {
    // Of YAML no aliases: a few lines of them stand for billions of nodes.
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw invalidField('definition', `JSON or YAML (${messageOf(error).split('\n')[0]!})`)
  }
}
