import type { Gateway } from '@talaria/gateway'

/** Has the gateway judge failures that nobody caught, and calls `end` with the first one after which it cannot go on. Disposing stops listening. */
export function listenForStrayFailures(strays: Gateway['strays'], end: () => void): Disposable {
  let isEnding = false
  const endOnce = () => {
    // A second signal would cut the drain short.
    if (!isEnding) end()
    isEnding = true
  }
  const onRejection = (reason: unknown) => void (strays.take('rejection', reason) || endOnce())
  const onException = (error: unknown) => void (strays.take('exception', error) || endOnce())
  process.on('unhandledRejection', onRejection).on('uncaughtException', onException)
  return {
    [Symbol.dispose]() {
      process.off('unhandledRejection', onRejection).off('uncaughtException', onException)
    },
  }
}
