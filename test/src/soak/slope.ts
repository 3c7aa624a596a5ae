/** A line through points, and how sure its steepness is. */
export interface Slope {
  /** Change of y for each unit of x. */
  readonly perUnit: number
  /** The bounds within which the true one lies with 95 % confidence. */
  readonly low: number
  readonly high: number
}

/** Of Student's t, two-sided 95 %, for 1, 2, 3, … degrees of freedom; beyond the table the normal one is near enough. */
const T_95 = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.1, 2.09, 2.09]

/** The slope by least squares with its confidence bounds, for three points or more. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const count = points.length
  const meanX = sum(points.map(([x]) => x)) / count
  const meanY = sum(points.map(([, y]) => y)) / count
  const spread = sum(points.map(([x]) => (x - meanX) ** 2))
  const perUnit = sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread
  const left = sum(points.map(([x, y]) => (y - meanY - perUnit * (x - meanX)) ** 2))
  const margin = (T_95[count - 3] ?? 1.96) * Math.sqrt(left / (count - 2) / spread)
  return { perUnit, low: perUnit - margin, high: perUnit + margin }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
