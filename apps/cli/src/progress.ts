/** A line that shows how far something is; on a terminal only. */
export function showProgress(what: string, done: number, total: number): void {
  if (!process.stderr.isTTY || total === 0) return
  const share = Math.min(1, done / total)
  const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '░')
  process.stderr.write(`\r${what} ${bar} ${String(Math.round(share * 100)).padStart(3)} %`)
}

/** Clears the line. */
showProgress.end = () => {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}
