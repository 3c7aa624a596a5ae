const WIDTH = 30

/** A line on a terminal that shows how far something is, and is gone when it is disposed; nothing where there is no terminal. */
export class ProgressLine implements Disposable {
  readonly #what: string

  constructor(what: string) {
    this.#what = what
  }

  show(done: number, total: number): void {
    if (!process.stderr.isTTY || total === 0) return
    const share = Math.min(1, done / total)
    const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')
    process.stderr.write(`\r${this.#what} ${bar} ${String(Math.round(share * 100)).padStart(3)} %`)
  }

  [Symbol.dispose](): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}
