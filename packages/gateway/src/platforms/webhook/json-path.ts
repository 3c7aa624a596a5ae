/** What a payload says at a path such as `pull_request.labels.0.name`; only its own values, never what every object has. */
export function valueAt(payload: unknown, path: string): unknown {
  let value = payload
  for (const name of path.split('.').filter((part) => part !== '')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}
