import { valueAt } from './json-path.ts'

/** Longer ones are cut: a push of a thousand commits is not to fill the model's context. */
const MAX_CHARS = 32_000

/**
 * The text for the agent: the template with each `{{path}}` replaced by what the payload says there, or the payload as JSON
 * when there is no template. Nothing is executed, and what was put in is not looked at again.
 */
export function renderPrompt(template: string | undefined, { event, payload }: { readonly event: string; readonly payload: unknown }): string {
  if (template === undefined) return clip(`${event || 'A webhook'}:\n${JSON.stringify(payload, null, 2)}`)
  return clip(template.replaceAll(/\{\{\s*([\w.-]+)\s*\}\}/g, (_, path: string) => textOf(path === 'event' ? event : valueAt(payload, path))))
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const clip = (text: string) => (text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}\n[cut]` : text)
