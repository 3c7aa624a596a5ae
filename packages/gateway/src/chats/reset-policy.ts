/** When a conversation begins anew by itself. Neither means never. */
export interface ResetPolicy {
  /** After so many minutes without a message. */
  readonly idleMinutes?: number
  /** Every day at this time: minutes after midnight, by the clock of the machine. */
  readonly dailyAtMinute?: number
}

const IDLE_MINUTES = 1_440
const DAILY_AT_MINUTE = 4 * 60

const MINUTES = { m: 1, h: 60, d: 1_440 } as const

/**
 * Reads a policy as people write it: `none` or `manual`, `idle` (a day) or `idle:90` minutes or `idle:2h`, `daily` (at four) or
 * `daily:5` or `daily:04:30`, or both with a comma; a blank is as good as the colon. `undefined` when it is none of these.
 */
export function parseResetPolicy(text: string): ResetPolicy | undefined {
  let policy: ResetPolicy = {}
  for (const word of text
    .trim()
    .toLowerCase()
    .split(/\s*,\s*/)) {
    const [, mode, value] = /^([a-z]+)(?:[: ]\s*(\S+))?$/.exec(word) ?? []
    const idleMinutes = mode === 'idle' ? minutesOf(value) : undefined
    const dailyAtMinute = mode === 'daily' ? timeOf(value) : undefined
    if (idleMinutes !== undefined) policy = { ...policy, idleMinutes }
    else if (dailyAtMinute !== undefined) policy = { ...policy, dailyAtMinute }
    else if ((mode !== 'none' && mode !== 'manual') || value !== undefined) return undefined
  }
  return policy
}

/** A policy in a sentence. */
export function describeResetPolicy({ idleMinutes, dailyAtMinute }: ResetPolicy): string {
  const reasons = [
    ...(idleMinutes === undefined ? [] : [`after ${idleMinutes % 60 === 0 ? `${idleMinutes / 60} h` : `${idleMinutes} min`} without a message`]),
    ...(dailyAtMinute === undefined ? [] : [`every day at ${clockTime(dailyAtMinute)}`]),
  ]
  return reasons.length === 0 ? 'A conversation goes on until somebody begins a new one.' : `A new conversation begins ${reasons.join(', and ')}.`
}

/** A policy as it is stored for a chat; what is not one of ours is never. */
export function resetPolicyOf({ idleMinutes, dailyAtMinute }: Readonly<Record<string, unknown>>): ResetPolicy {
  return { ...(typeof idleMinutes === 'number' && { idleMinutes }), ...(typeof dailyAtMinute === 'number' && { dailyAtMinute }) }
}

/** Why a conversation is to begin anew now; `undefined` when it goes on. Times in milliseconds since the epoch. */
export function resetDue(policy: ResetPolicy, lastActivityAt: number, now: number): 'idle' | 'daily' | undefined {
  const { idleMinutes, dailyAtMinute } = policy
  if (idleMinutes !== undefined && now - lastActivityAt >= idleMinutes * 60_000) return 'idle'
  return dailyAtMinute !== undefined && lastActivityAt < lastTimeAt(dailyAtMinute, now) ? 'daily' : undefined
}

/** The last time that it was so many minutes after midnight, by the clock of the machine. */
function lastTimeAt(minute: number, now: number): number {
  const today = new Date(now)
  today.setHours(0, minute, 0, 0)
  // Not minus 24 hours: the day before may have had 23 or 25.
  if (today.getTime() > now) today.setDate(today.getDate() - 1)
  return today.getTime()
}

function minutesOf(duration: string | undefined): number | undefined {
  if (duration === undefined) return IDLE_MINUTES
  const [, number, unit = 'm'] = /^(\d{1,6})([mhd])?$/.exec(duration) ?? []
  return Number(number) > 0 ? Number(number) * MINUTES[unit as keyof typeof MINUTES] : undefined
}

function timeOf(time: string | undefined): number | undefined {
  if (time === undefined) return DAILY_AT_MINUTE
  const [, hour, minute = '0'] = /^(\d{1,2})(?::(\d{2}))?$/.exec(time) ?? []
  return Number(hour) < 24 && Number(minute) < 60 ? Number(hour) * 60 + Number(minute) : undefined
}

function clockTime(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
