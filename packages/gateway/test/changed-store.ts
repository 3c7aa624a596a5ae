/** The error with which a call is refused; `undefined` lets it through. */
type Refusal<Store, Method extends keyof Store> = Store[Method] extends (...args: infer Args) => unknown ? (...args: Args) => Error | undefined : never

/** A store that refuses calls of one method before they reach the database, as a full disk does; all else goes through. */
export function refusing<Store extends object, Method extends keyof Store>(store: Store, method: Method, refusal: Refusal<Store, Method>): Store {
  return changing(store, method, (call) => async (...args) => {
    const error = (refusal as (...args: unknown[]) => Error | undefined)(...args)
    if (error) throw error
    return call(...args)
  })
}

/** A store one method of which does what a test puts around it. */
export function changing<Store extends object>(
  store: Store,
  method: keyof Store,
  around: (call: (...args: unknown[]) => unknown) => (...args: unknown[]) => unknown,
): Store {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const bound = value.bind(target) as (...args: unknown[]) => unknown
      return name === method ? around(bound) : bound
    },
  })
}
