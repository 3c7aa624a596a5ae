/** When a conversation begins anew by itself. Neither means never. */
export interface ResetPolicy {
  /** After so many minutes without a message. */
  readonly idleMinutes?: number
  /** Every day at this hour, by the clock of the machine. */
  readonly dailyAtHour?: number
}

const IDLE_MINUTES = 1_440
const DAILY_AT_HOUR = 4

/**
 * Reads a policy as people write it: `none`, `idle` (a day) or `idle:90` minutes, `daily` (at four) or `daily:5`, or both with a comma.
 * `undefined` when it is none of these.
 */
export function parseResetPolicy(text: string): ResetPolicy | undefined {
  let policy: ResetPolicy = {}
  for (const word of text
    .trim()
    .toLowerCase()
    .split(/\s*,\s*/)) {
    const [, mode, number] = /^(none|idle|daily)(?:[: ](\d{1,6}))?$/.exec(word) ?? []
    const value = number === undefined ? undefined : Number(number)
    if (mode === 'idle' && value !== 0) policy = { ...policy, idleMinutes: value ?? IDLE_MINUTES }
    else if (mode === 'daily' && (value ?? 0) < 24) policy = { ...policy, dailyAtHour: value ?? DAILY_AT_HOUR }
    else if (mode !== 'none' || value !== undefined) return undefined
  }
  return policy
}

/** A policy as it is stored for a chat; what is not one of ours is never. */
export function resetPolicyOf({ idleMinutes, dailyAtHour }: Readonly<Record<string, unknown>>): ResetPolicy {
  return { ...(typeof idleMinutes === 'number' && { idleMinutes }), ...(typeof dailyAtHour === 'number' && { dailyAtHour }) }
}

/** Why a conversation is to begin anew now; `undefined` when it goes on. Times in milliseconds since the epoch. */
export function resetDue(policy: ResetPolicy, lastActivityAt: number, now: number): 'idle' | 'daily' | undefined {
  const { idleMinutes, dailyAtHour } = policy
  if (idleMinutes !== undefined && now - lastActivityAt >= idleMinutes * 60_000) return 'idle'
  return dailyAtHour !== undefined && lastActivityAt < lastTimeAt(dailyAtHour, now) ? 'daily' : undefined
}

/** The last time that it was this hour, by the clock of the machine. */
function lastTimeAt(hour: number, now: number): number {
  const today = new Date(now)
  today.setHours(hour, 0, 0, 0)
  // Not minus 24 hours: the day before may have had 23 or 25.
  if (today.getTime() > now) today.setDate(today.getDate() - 1)
  return today.getTime()
}
