type Schema = Readonly<Record<string, unknown>>

/** Deep enough for any real schema; below it a recursive one takes its way out. */
const MAX_DEPTH = 12

/** A schema that demands itself without a way out has no value; this is where looking for one ends. */
const HOPELESS_DEPTH = 64

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/**
 * A value that satisfies a JSON Schema: what it demands and no more, strings named after their property. Always the
 * same for the same schema. Patterns and conditions (`if`, `not`, `dependentRequired`) are not looked at.
 */
export function sampleValue(schema: Schema): unknown {
  return valueOf(schema, { root: schema, name: 'text', depth: 0 })
}

interface Place {
  readonly root: Schema
  readonly name: string
  readonly depth: number
}

function valueOf(schema: unknown, place: Place): unknown {
  if (typeof schema !== 'object' || schema === null || place.depth > HOPELESS_DEPTH) return {}
  const { $ref, ...own } = schema as Schema
  if (typeof $ref === 'string') return valueOf({ ...resolve($ref, place.root), ...own }, { ...place, depth: place.depth + 1 })
  if ('const' in own) return own['const']
  if (Array.isArray(own['enum'])) return own['enum'][0]
  if ('default' in own) return own['default']
  for (const key of ['anyOf', 'oneOf'] as const) {
    const options = own[key] as readonly Schema[] | undefined
    if (options?.[0]) return valueOf({ ...own, [key]: undefined, ...choose(options, place) }, { ...place, depth: place.depth + 1 })
  }
  if (Array.isArray(own['allOf'])) return valueOf(mergeAll({ ...own, allOf: undefined }, own['allOf'] as readonly Schema[], place.root), place)
  return ofType(own, place)
}

/** The first option, until it is too deep: then one that ends. */
function choose(options: readonly Schema[], { depth }: Place): Schema {
  const leaf = options.find(({ type, $ref }) => $ref === undefined && type !== 'object' && type !== 'array')
  return (depth > MAX_DEPTH ? leaf : undefined) ?? options[0]!
}

function mergeAll(base: Schema, parts: readonly Schema[], root: Schema): Schema {
  return parts
    .map((part) => (typeof part['$ref'] === 'string' ? resolve(part['$ref'], root) : part))
    .reduce(
      (all, part) => ({
        ...all,
        ...part,
        properties: { ...(all['properties'] as object | undefined), ...(part['properties'] as object | undefined) },
        required: [...((all['required'] as string[] | undefined) ?? []), ...((part['required'] as string[] | undefined) ?? [])],
      }),
      base,
    )
}

function ofType(schema: Schema, place: Place): unknown {
  const { type } = schema
  const one = Array.isArray(type) ? (type as readonly string[])[0] : type
  switch (one ?? (schema['items'] || schema['prefixItems'] ? 'array' : 'object')) {
    case 'string':
      return stringOf(schema, place.name)
    case 'number':
    case 'integer':
      return numberOf(schema, one === 'integer')
    case 'boolean':
      return true
    case 'null':
      return null
    case 'array':
      return arrayOf(schema, place)
    default:
      return objectOf(schema, place)
  }
}

function stringOf(
  { format, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: { readonly format?: unknown; readonly minLength?: number; readonly maxLength?: number },
  name: string,
): string {
  const text = (typeof format === 'string' && FORMATS[format]) || name
  return text.padEnd(minLength, 'x').slice(0, Math.max(maxLength, 0))
}

function numberOf(schema: Schema, isInteger: boolean): number {
  const bound = (key: string, otherwise: number) => (typeof schema[key] === 'number' ? schema[key] : otherwise)
  const step = bound('multipleOf', isInteger ? 1 : 0)
  const low = Math.max(bound('minimum', -Infinity), bound('exclusiveMinimum', -Infinity))
  const high = Math.min(bound('maximum', Infinity), bound('exclusiveMaximum', Infinity))
  const isFree = (value: number) => value >= low && value <= high && value !== schema['exclusiveMinimum'] && value !== schema['exclusiveMaximum']
  const fromLow = step > 0 ? Math.ceil(low / step) * step : low
  const fromHigh = step > 0 ? Math.floor(high / step) * step : high
  const gap = step > 0 ? step : Number.isFinite(high - low) ? (high - low) / 2 : 1
  return [1, step, 0, fromLow, fromLow + gap, fromHigh, fromHigh - gap].find((value) => isFree(value) && (step === 0 || value % step === 0)) ?? 0
}

function arrayOf(schema: Schema, { root, name, depth }: Place): unknown[] {
  const prefix = (schema['prefixItems'] as readonly Schema[] | undefined) ?? []
  const length = Math.max(prefix.length, typeof schema['minItems'] === 'number' ? schema['minItems'] : 0)
  return Array.from({ length }, (_, index) => valueOf(prefix[index] ?? schema['items'] ?? {}, { root, name: `${name} ${index + 1}`, depth: depth + 1 }))
}

function objectOf(schema: Schema, { root, depth }: Place): Record<string, unknown> {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, unknown>>
  const required = (schema['required'] ?? []) as readonly string[]
  return Object.fromEntries(required.map((name) => [name, valueOf(properties[name] ?? {}, { root, name, depth: depth + 1 })]))
}

/** Follows a pointer within the document: `#`, `#/$defs/name`. */
function resolve(ref: string, root: Schema): Schema {
  const steps = ref.replace(/^#\/?/, '').split('/').filter(Boolean)
  const found = steps.reduce<unknown>((at, step) => (at as Schema | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], root)
  return typeof found === 'object' && found !== null ? (found as Schema) : {}
}
