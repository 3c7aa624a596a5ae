import { invalidField } from './board-error.ts'

/** Names of boards are names of files: no dot and no slash, so that none leads out of the folder. */
const SLUG = /^[a-z0-9][a-z0-9_-]{0,63}$/

export function isSlug(text: string): boolean {
  return SLUG.test(text)
}

/** The slug somebody meant, trimmed and in lower case. @throws BoardError `INVALID` */
export function slugOf(text: string): string {
  const slug = text.trim().toLowerCase()
  if (isSlug(slug)) return slug
  throw invalidField('slug', 'up to 64 lower-case letters, digits, - and _, beginning with a letter or digit')
}

/** `release-train` read as a name: `Release Train`. */
export function nameOfSlug(slug: string): string {
  return slug
    .split(/[-_]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join(' ')
}
