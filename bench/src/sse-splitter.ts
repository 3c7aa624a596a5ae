/** Cuts the text of an event stream into its frames, however it comes in pieces. */
export class SseSplitter {
  #rest = ''

  /** The frames that this piece completes, without the empty line after each. */
  push(piece: string): readonly string[] {
    const frames = (this.#rest + piece).split('\n\n')
    this.#rest = frames.pop()!
    return frames
  }
}
