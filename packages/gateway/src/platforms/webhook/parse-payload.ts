/** What a delivery says: JSON, or the fields of a form. A field called `payload` that holds JSON is the whole, as GitHub sends it. @throws SyntaxError */
export function parsePayload(body: Uint8Array, contentType: string | null): unknown {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  if (!contentType?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return JSON.parse(text)
  const fields = Object.fromEntries(new URLSearchParams(text))
  return fields.payload === undefined ? fields : (JSON.parse(fields.payload) as unknown)
}
