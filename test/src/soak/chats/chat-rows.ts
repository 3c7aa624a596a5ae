import { join } from 'node:path'
import { rowsOf } from '@talaria/db/testing'

/** A message that a gateway has accepted, as it lies on its disk. */
export interface AcceptedRow {
  readonly platform: string
  readonly number: number
  /** The turn that answered it was cut short by the end of its process. */
  readonly isInterrupted: boolean
}

/** What was accepted, in the order in which it was. */
export function acceptedRows(home: string): readonly AcceptedRow[] {
  const rows = rowsOf<{ platform: string; body: string; status: string | null }>(
    fileOf(home),
    `select inbound.platform, inbound.body, turn.status from inbound left join turn on turn.id = inbound.turn_id order by inbound.position`,
  )
  return rows.flatMap(({ platform, body, status }) => {
    const [, number] = /reply-(\d+);/.exec(body) ?? []
    return number === undefined ? [] : [{ platform, number: Number(number), isInterrupted: status === 'interrupted' }]
  })
}

/** How much waits: messages to be answered, and answers to be sent. */
export function waitingRows(home: string): number {
  const [row] = rowsOf<{ waiting: number }>(
    fileOf(home),
    `select (select count(*) from inbound where state in ('waiting', 'taken')) + (select count(*) from outbound where state in ('pending', 'sending')) as waiting`,
  )
  return row!.waiting
}

/** Numbers of messages whose answer is among the dead letters because nobody can know whether it arrived, however often it was asked. */
export function unknownRows(home: string): readonly number[] {
  const rows = rowsOf<{ text: string }>(fileOf(home), `select text from outbound where state = 'dead' and code = 'unknown_outcome'`)
  return rows.flatMap(({ text }) => [...text.matchAll(/reply-(\d+);/g)].map(([, number]) => Number(number)))
}

/** Answers that were set aside instead of being sent, with why; but for those of which nobody can know. */
export function asideRows(home: string): readonly string[] {
  const rows = rowsOf<{ platform: string; state: string; code: string; text: string }>(
    fileOf(home),
    `select platform, state, code, text from outbound where state = 'parked' or (state = 'dead' and code <> 'unknown_outcome')`,
  )
  return rows.map(({ platform, state, code, text }) => `${platform}: ${state}, ${code}: ${text}`)
}

const fileOf = (home: string) => join(home, 'gateway.db')
