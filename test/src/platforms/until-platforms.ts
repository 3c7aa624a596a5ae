import { until } from '@talaria/core/testing'
import type { Gateway } from '../testing/gateway.ts'

const PATIENCE_MS = 20_000

/** Waits until platforms are connected, as the gateway itself says. */
export async function untilPlatforms({ api }: Gateway, names: readonly string[], patienceMs = PATIENCE_MS): Promise<void> {
  await until(`${names.join(', ')}: connected`, patienceMs, async () => {
    const { status, json } = await api.get('/api/platforms')
    if (status !== 200) return false
    const states = json.data as { name: string; state: string }[]
    return names.every((name) => states.some((platform) => platform.name === name && platform.state === 'connected'))
  })
}

/** Waits for something that people see. */
export function untilSeen<Answer>(what: string, look: () => Promise<Answer | undefined | false> | Answer | undefined | false): Promise<Answer> {
  return until(what, PATIENCE_MS, look)
}
