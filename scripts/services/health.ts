import { setTimeout as delay } from 'node:timers/promises'

const ASK_EVERY_MS = 50

/** Resolves when the service at `url` answers `/health` with success; rejects with the signal's reason when it aborts. */
export async function untilHealthy(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    // Refused, reset or not yet good are all the same here: ask again. What went wrong is in the service's own output.
    const healthy = await fetch(`${url}/health`, { signal }).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok
      },
      () => false,
    )
    if (healthy) return
    await delay(ASK_EVERY_MS, undefined, { signal })
  }
}
