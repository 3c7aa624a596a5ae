import { DEFAULT_BOARD } from '../boards/default-board.ts'
import { eventHeadline, outcomeOf, type ToldEvent } from './describe-event.ts'

/** More lines nobody reads in a chat; the counts above them hold all. */
const MOST_LINES = 15

/** What happened meanwhile, in one message: `3 done, 1 blocked since 09:00`, and a line for each. */
export function describeDigest(told: readonly ToldEvent[], { board, timezone }: { readonly board: string; readonly timezone?: string }): string {
  const counts = new Map<string, number>()
  for (const one of told) counts.set(outcomeOf(one), (counts.get(outcomeOf(one)) ?? 0) + 1)
  const summary = [...counts].map(([what, count]) => `${count} ${what}`).join(', ')
  const since = timeOf(told[0]!.event.at, told.at(-1)!.event.at, timezone)
  const lines = told.slice(0, MOST_LINES).map((one) => eventHeadline(one, DEFAULT_BOARD))
  const more = told.length > MOST_LINES ? [`… and ${told.length - MOST_LINES} more`] : []
  return [`${board === DEFAULT_BOARD ? '' : `[${board}] `}${summary} since ${since}`, ...lines, ...more].join('\n')
}

/** The time of day, with the day where what is told of spans several. */
function timeOf(first: number, last: number, timezone: string | undefined): string {
  const zone = timezone === undefined ? {} : { timeZone: timezone }
  const day = new Intl.DateTimeFormat('en-CA', { ...zone, dateStyle: 'short' })
  const time = new Intl.DateTimeFormat('en-GB', { ...zone, timeStyle: 'short' })
  return day.format(first) === day.format(last) ? time.format(first) : `${day.format(first)} ${time.format(first)}`
}
