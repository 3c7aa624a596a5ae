import { healthSchema } from '@talaria/core/contracts'

/** A process on this host answers within milliseconds, or does not run. */
const ANSWER_MS = 1_000

const EVERYWHERE = ['0.0.0.0', '::']

/** Makes what tells whether a dispatcher runs, by asking where it listens. */
export function createDispatcherProbe({ host, port }: { readonly host: string; readonly port: number }): () => Promise<boolean> {
  const name = EVERYWHERE.includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return async () => {
    try {
      const response = await fetch(`http://${name}:${port}/health`, { signal: AbortSignal.timeout(ANSWER_MS) })
      return healthSchema.safeParse(await response.json()).data?.service === 'kanban'
    } catch {
      return false
    }
  }
}
