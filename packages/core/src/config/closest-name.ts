/** The name that was probably meant: one with the same last part, else one that a few keystrokes make of it. */
export function closestName(name: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates]
  const sameLeaf = all.filter((candidate) => leafOf(candidate) === leafOf(name))
  if (sameLeaf.length === 1) return sameLeaf[0]
  const ranked = all.map((candidate) => ({ candidate, distance: keystrokes(name, candidate) })).toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(2, Math.floor(leafOf(name).length / 3)) ? best.candidate : undefined
}

const leafOf = (path: string) => path.slice(path.lastIndexOf('.') + 1)

/** The edit distance in which swapping two neighbours is one step (optimal string alignment). */
function keystrokes(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let steps = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps = Math.min(steps, (beforeLast[j - 2] ?? 0) + 1)
      row.push(steps)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
