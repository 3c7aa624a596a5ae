import { readFileSync } from 'node:fs'

/** How many descriptors this process may have open: the limit that is enforced, and how far it could be raised. */
export interface DescriptorLimits {
  readonly soft: number
  readonly hard: number
}

/**
 * The limits of this process on open files, `Infinity` for unlimited; `undefined` where the system has no
 * `/proc/self/limits`.
 *
 * Nothing here raises the soft limit, because Node does: before the first line of a program runs, it has raised it to
 * the hard one (seen with 24.21: started under `ulimit -S -n 512` with a hard limit of 20000, it reports 20000 for both).
 */
export function descriptorLimits(): DescriptorLimits | undefined {
  let text: string
  try {
    text = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return undefined
  }
  const [, soft, hard] = /^Max open files +(\d+|unlimited) +(\d+|unlimited)/m.exec(text) ?? []
  return soft === undefined || hard === undefined ? undefined : { soft: numberOf(soft), hard: numberOf(hard) }
}

const numberOf = (limit: string) => (limit === 'unlimited' ? Infinity : Number(limit))
