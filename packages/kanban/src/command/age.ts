/** How long something took or has lasted, in the two units that matter: `3 d 4 h`, `12 s`. */
export function lengthOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60]
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`
  return minutes > 0 ? `${minutes} min` : `${seconds} s`
}

/** When something was or will be, as seen from now: `5 min ago`, `in 2 h`. */
export function fromNow(at: number, now: number): string {
  if (Math.abs(at - now) < 1_000) return 'now'
  return at <= now ? `${lengthOf(now - at)} ago` : `in ${lengthOf(at - now)}`
}
