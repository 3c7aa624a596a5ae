/** What people say to work under way, until it listens. */
export class Steering {
  #words: string[] = []

  add(author: string, text: string): void {
    this.#words.push(`Message from ${author}:\n${text}`)
  }

  /** Everything that was said since it was last asked for; `undefined` when nothing was. */
  take(): string | undefined {
    if (this.#words.length === 0) return undefined
    const text = this.#words.join('\n\n')
    this.#words = []
    return text
  }
}
