/** One schedule, read: what was written, and what it means. Times in milliseconds since the epoch. */
export type Schedule =
  | { readonly kind: 'cron'; readonly text: string; readonly expression: string }
  /** At `anchor` plus whole multiples of `everyMs`. */
  | { readonly kind: 'every'; readonly text: string; readonly everyMs: number; readonly anchor: number }
  | { readonly kind: 'once'; readonly text: string; readonly at: number }
