import type { IncomingMessage } from 'node:http'

/** The parameters of a call by their names; a file is its bytes and its name. */
export type TelegramParameters = Record<string, unknown>

/** What a bot sent, as JSON or as a form with files; values of a form that are JSON are read as such. */
export async function readTelegramCall(request: IncomingMessage): Promise<TelegramParameters> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/')) return body.length === 0 ? {} : (JSON.parse(body.toString()) as TelegramParameters)
  const form = await new Response(body, { headers: { 'content-type': type } }).formData()
  const parameters: TelegramParameters = {}
  const files = new Map<string, { name: string; bytes: Buffer }>()
  for (const [name, value] of form) {
    if (typeof value === 'string') parameters[name] = value
    else files.set(name, { name: value.name, bytes: Buffer.from(await value.arrayBuffer()) })
  }
  for (const [name, value] of Object.entries(parameters)) {
    const text = String(value)
    parameters[name] = text.startsWith('attach://') ? files.get(text.slice('attach://'.length)) : jsonOr(text)
  }
  return parameters
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
