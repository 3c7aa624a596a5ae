/** A board as it is given its part of the host. */
export interface Share {
  readonly board: string
  readonly running: number
  /** Twice the weight, twice the workers where there are not enough for all. */
  readonly weight: number
}

/**
 * Divides free places among boards that have work, one after the other to whichever has the least for its weight, what
 * runs already counted. Of equals the one that comes first is served first, so callers rotate.
 *
 * @returns places by board; a board that gets none is absent.
 */
export function fairShares(shares: readonly Share[], places: number): ReadonlyMap<string, number> {
  const given = new Map<string, number>()
  for (let left = places; left > 0 && shares.length > 0; left -= 1) {
    const load = ({ board, running, weight }: Share) => (running + (given.get(board) ?? 0)) / weight
    const least = shares.reduce((best, share) => (load(share) < load(best) ? share : best))
    given.set(least.board, (given.get(least.board) ?? 0) + 1)
  }
  return given
}
