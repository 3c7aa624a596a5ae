import { AsyncLocalStorage } from 'node:async_hooks'

const scope = new AsyncLocalStorage<string | undefined>()

/**
 * Whose code runs: whatever a platform's library begins while it connects or is called, timers, sockets and promises of
 * all kinds, is in the platform's scope, so that a failure that nobody catches has a name. It needs no stack, which a
 * bundle does not keep.
 */
export const platformScope = {
  /** Runs what is a platform's. */
  run: <Result>(platform: string, work: () => Result): Result => scope.run(platform, work),
  /** Runs what a platform calls but is ours. */
  leave: <Result>(work: () => Result): Result => scope.run(undefined, work),
  /** The platform whose code runs now; `undefined` for our own. */
  current: (): string | undefined => scope.getStore(),
  /** The same thing, all methods of which run in the platform's scope. */
  wrap<Thing extends object>(platform: string, thing: Thing): Thing {
    return new Proxy(thing, {
      get(target, name) {
        const value = Reflect.get(target, name, target) as unknown
        return typeof value === 'function' ? (...args: unknown[]) => scope.run(platform, () => value.apply(target, args) as unknown) : value
      },
    })
  },
}
