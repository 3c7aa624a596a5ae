import { invalidField } from '@talaria/db'
import type { Context } from 'hono'

/** Whether the client has this version already (`If-None-Match`). */
export function isKnown(c: Context, tag: string): boolean {
  const given = c.req.header('if-none-match')
  if (given === undefined) return false
  return given.split(',').some((one) => one.trim() === '*' || opaque(one) === opaque(tag))
}

/** The revision that the client has read and means to change (`If-Match: "12"`). @throws BoardError `INVALID` */
export function expectedRevision(c: Context): { readonly revision?: number } {
  const given = c.req.header('if-match')?.trim()
  if (given === undefined || given === '*') return {}
  const digits = /^(\d{1,15})$/.exec(opaque(given))?.[1]
  if (digits === undefined) throw invalidField('If-Match', 'the ETag that the task came with, such as "12"')
  return { revision: Number(digits) }
}

function opaque(tag: string): string {
  return tag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
}
