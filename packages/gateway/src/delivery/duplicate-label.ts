/** Said plainly on a message that is sent again though it may have arrived: nobody can know, and the reader should. */
export const DUPLICATE_LABEL = '\n\n(this may be a duplicate)'

/** Until a platform has said how much it takes: less than any of them does. */
const SMALLEST_MESSAGE = 400

/** How long a part of a message may be, so that the label still has room. */
export function roomForText(maxLength: number = SMALLEST_MESSAGE): number {
  return maxLength - DUPLICATE_LABEL.length
}
