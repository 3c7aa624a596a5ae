/** A frame of the long connection, as much of it as is used. */
export interface FeishuFrame {
  readonly service: number
  /** 0 is control (pings), 1 is data (events). */
  readonly method: number
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Uint8Array
}

const LENGTH_DELIMITED = 2

/** The frame in Protocol Buffers: SeqID 1, LogID 2, service 3, method 4, headers 5 (key 1, value 2), payload 8. */
export function encodeFrame({ service, method, headers, payload }: FeishuFrame): Uint8Array {
  const text = (value: string) => Buffer.from(value)
  const header = ([key, value]: [string, string]) => field(5, Buffer.concat([field(1, text(key)), field(2, text(value))]))
  const numbers = [0, 0, service, method].flatMap((value, index) => [...varint((index + 1) << 3), ...varint(value)])
  return Buffer.concat([Buffer.from(numbers), ...Object.entries(headers).map(header), field(8, payload)])
}

/** Reads what {@link encodeFrame} writes, and what the client writes. */
export function decodeFrame(bytes: Uint8Array): FeishuFrame {
  const fields = fieldsOf(bytes)
  const number = (at: number) => Number(fields.find(({ id }) => id === at)?.value ?? 0)
  const headers = fields
    .filter(({ id }) => id === 5)
    .map(({ value }) => fieldsOf(value as Uint8Array).map((one) => Buffer.from(one.value as Uint8Array).toString()))
    .map(([key = '', value = '']) => [key, value])
  return {
    service: number(3),
    method: number(4),
    headers: Object.fromEntries(headers) as Record<string, string>,
    payload: (fields.find(({ id }) => id === 8)?.value as Uint8Array | undefined) ?? new Uint8Array(),
  }
}

function field(id: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([...varint((id << 3) | LENGTH_DELIMITED), ...varint(bytes.length)]), bytes])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

function fieldsOf(bytes: Uint8Array): { readonly id: number; readonly value: number | Uint8Array }[] {
  const fields: { id: number; value: number | Uint8Array }[] = []
  let at = 0
  const next = () => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = next()
    const number = next()
    if ((tag & 7) !== LENGTH_DELIMITED) fields.push({ id: tag >> 3, value: number })
    else fields.push({ id: tag >> 3, value: bytes.subarray(at, (at += number)) })
  }
  return fields
}
