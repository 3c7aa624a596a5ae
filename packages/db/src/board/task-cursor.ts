import { invalidField } from './board-error.ts'

/** Where a page of tasks ends: the sort key of its last one, and its number. */
export interface TaskCursor {
  readonly sort: string
  readonly key: string | number
  readonly number: number
}

export function encodeCursor({ sort, key, number }: TaskCursor): string {
  return Buffer.from(JSON.stringify([sort, key, number])).toString('base64url')
}

/** @throws BoardError `INVALID` for what is no cursor, or that of another order. */
export function decodeCursor(text: string, sort: string): TaskCursor {
  const [of, key, number] = parsed(text)
  if (of !== sort || !(typeof key === 'string' || typeof key === 'number') || !Number.isSafeInteger(number)) {
    throw invalidField('after', 'the nextCursor of a page with the same sort')
  }
  return { sort, key, number: number as number }
}

function parsed(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}
