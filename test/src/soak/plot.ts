const BARS = '▁▂▃▄▅▆▇█'
const WIDTH = 60

/** Numbers over time as a line of bars, the first on the left, with the least and the most. */
export function plot(numbers: readonly number[], unit: string): string {
  if (numbers.length === 0) return 'nothing'
  const least = Math.min(...numbers)
  const most = Math.max(...numbers)
  const step = Math.max(1, numbers.length / WIDTH)
  const columns = Array.from({ length: Math.min(WIDTH, numbers.length) }, (_, index) =>
    Math.max(...numbers.slice(Math.floor(index * step), Math.max(Math.floor(index * step) + 1, Math.floor((index + 1) * step)))),
  )
  // From zero, so that a flat line looks flat.
  const line = columns.map((number) => BARS[most === 0 ? 0 : Math.round((number / most) * (BARS.length - 1))]).join('')
  return `${line} ${round(least)} to ${round(most)} ${unit}`
}

function round(number: number): string {
  return number >= 100 ? number.toFixed(0) : number.toFixed(1).replace(/\.0$/, '')
}
