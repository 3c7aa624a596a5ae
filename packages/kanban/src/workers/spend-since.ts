import type { Spend } from '@talaria/db'

/** What of a total is new, for a ledger that adds up: a total that is said twice, or late, adds nothing. */
export function spendSince(booked: Spend, total: Spend): Spend {
  return {
    inputTokens: Math.max(0, total.inputTokens - booked.inputTokens),
    outputTokens: Math.max(0, total.outputTokens - booked.outputTokens),
    costMicros: Math.max(0, total.costMicros - booked.costMicros),
  }
}
