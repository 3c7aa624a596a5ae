import { setTimeout as sleep } from 'node:timers/promises'
import { descriptorTargets } from '../descriptors/open-descriptors.ts'

/** How often each thing is open in this process: a file by its path, sockets and pipes by their kind. */
export type Descriptors = ReadonlyMap<string, number>

// Sockets close a turn of the event loop or two after both sides have said so.
const PATIENCE_MS = 2_000
const POLL_MS = 20

/** What this process has open now; nothing at all off Linux. To be compared later by `expectSameDescriptors`. */
export async function descriptorsOf(): Promise<Descriptors> {
  const open = new Map<string, number>()
  for (const target of (await descriptorTargets()) ?? []) {
    // Their numbers tell nothing; one socket is as good as another.
    const thing = target.replace(/:\[\d+\]$/, '')
    open.set(thing, (open.get(thing) ?? 0) + 1)
  }
  return open
}

/**
 * Fails unless this process has the same things open as before; for the `afterEach` of every package. What is closing is
 * given two seconds, or as told. Finders of leaked libuv handles do not see SQLite's descriptors; this does.
 */
export async function expectSameDescriptors(before: Descriptors, { patienceMs = PATIENCE_MS }: { readonly patienceMs?: number } = {}): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const changes = differences(before, await descriptorsOf())
    if (changes.length === 0) return
    if (performance.now() > deadline) throw new Error(`Open descriptors differ from before:\n${changes.join('\n')}`)
    await sleep(POLL_MS)
  }
}

function differences(before: Descriptors, after: Descriptors): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((thing) => [thing, (after.get(thing) ?? 0) - (before.get(thing) ?? 0)] as const)
    .filter(([, change]) => change !== 0)
    .map(([thing, change]) => `  ${change > 0 ? `+${change} left open` : `${change} closed though not ours`}: ${thing}`)
}
