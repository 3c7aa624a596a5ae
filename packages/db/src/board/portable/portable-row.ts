import type { PortableTable } from './portable-tables.ts'

type Row = Readonly<Record<string, unknown>>

/** What of a row belongs to this machine, or to a moment that is over, is taken out of it before it leaves. */
export function portableRow(table: PortableTable, row: Row, exportedAt: number): Row {
  switch (table) {
    case 'task':
      return { ...row, settings: withoutPlaces(row['settings'] as string) }
    case 'run':
      return row['ended_at'] === null ? { ...row, ended_at: exportedAt, outcome: 'released' } : row
    case 'routine':
      return { ...row, template: portableTemplate(row['template'] as string) }
    case 'event':
      return { ...row, actor: portableActor(row['actor'] as string), payload: portablePayload(row['payload'] as string) }
    default:
      return row
  }
}

/** A board's settings without the folder that its tasks work in. */
export function portableBoardSettings(settings: object): string {
  return JSON.stringify({ ...settings, defaultWorkdir: undefined })
}

/** Settings of a task without a folder that is nowhere else. */
function withoutPlaces(text: string): string {
  const settings = JSON.parse(text) as { readonly workspace?: { readonly path?: string } }
  return settings.workspace?.path === undefined ? text : JSON.stringify({ ...settings, workspace: undefined })
}

function portableTemplate(text: string): string {
  const { origin: _origin, subscribers: _subscribers, settings, ...template } = JSON.parse(text) as Record<string, unknown>
  return JSON.stringify({ ...template, ...(settings !== undefined && { settings: JSON.parse(withoutPlaces(JSON.stringify(settings))) }) })
}

/** A dispatcher's name holds its host and process. */
function portableActor(actor: string): string {
  return actor.startsWith('dispatcher:') ? 'dispatcher' : actor
}

function portablePayload(text: string): string {
  if (!text.includes('"host"') && !text.includes('"pid"')) return text
  const { host: _host, pid: _pid, ...payload } = JSON.parse(text) as Record<string, unknown>
  return JSON.stringify(payload)
}
