import type { Clock } from '@talaria/core'
import type { Random } from '../../testing/random.ts'
import type { ChatPeer } from './chat-peer.ts'

const SHORTEST_MS = 300
const LONGEST_MS = 3_000
const LONGEST_PAUSE_MS = 3_000
/** A request that is under way this late has not been given up by anybody. */
const MOST_LATE_MS = 400

/** One thing that goes wrong, for some time. */
interface Fault {
  readonly name: string
  begin(peer: ChatPeer): void
}

/** Makes one peer fail in one way after another, until the signal aborts; then it works as it should. Counts what it did. */
export async function failNowAndThen(
  peer: ChatPeer,
  {
    random,
    clock,
    signal,
    onFault,
  }: { readonly random: Random; readonly clock: Clock; readonly signal: AbortSignal; readonly onFault: (name: string) => void },
): Promise<void> {
  const choices = faultsOf(peer, random)
  const pause = (least: number, most: number) => clock.delay(random.integer(least, most), signal).catch(() => {})
  while (choices.length > 0 && !signal.aborted) {
    await pause(0, LONGEST_PAUSE_MS)
    if (signal.aborted) break
    const fault = random.pick(choices)
    onFault(fault.name)
    fault.begin(peer)
    await pause(SHORTEST_MS, LONGEST_MS)
    heal(peer)
  }
  heal(peer)
}

function faultsOf({ lines, faults }: ChatPeer, random: Random): readonly Fault[] {
  const ofLines: readonly Fault[] = [
    { name: 'hangs', begin: (peer) => peer.lines.forEach((line) => line.silence()) },
    { name: 'is slow', begin: (peer) => peer.lines.forEach((line) => (line.delayMs = random.integer(20, MOST_LATE_MS))) },
    { name: 'drops', begin: (peer) => [...peer.lines, peer].forEach((one) => ('cut' in one ? one.cut() : one.drop())) },
  ]
  return [...(lines.length > 0 ? ofLines : []), ...faults.map((name) => ({ name, begin: (peer: ChatPeer) => peer.fail(name) }))]
}

function heal(peer: ChatPeer): void {
  peer.heal()
  for (const line of peer.lines) line.heal()
}
