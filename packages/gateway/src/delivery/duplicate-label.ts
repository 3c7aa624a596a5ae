/** Said plainly on a message that is sent again though it may have arrived: nobody can know, and the reader should. */
export const DUPLICATE_LABEL = '\n\n(this may be a duplicate)'

/**
 * How long a part of a message may be, so that the label still has room. While a platform has not said how much it takes,
 * nothing is cut: that is made up for when it is sent.
 */
export function roomForText(maxLength: number = Infinity): number {
  return maxLength - DUPLICATE_LABEL.length
}
