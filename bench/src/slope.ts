/** The slope of a straight line through points by least squares, with its 95 % confidence bounds (normal approximation). */
export function slopeOf(points: readonly (readonly [number, number])[]): { slope: number; low: number; high: number } {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const sxx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const sxy = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const slope = sxy / sxx
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  const error = Math.sqrt(residual / Math.max(1, n - 2) / sxx)
  return { slope, low: slope - 1.96 * error, high: slope + 1.96 * error }
}
