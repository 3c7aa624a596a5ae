import type { Setting, SettingsTable } from '@talaria/core/config'
import { gatewaySettings } from '@talaria/gateway/settings'
import { kanbanSettings } from '@talaria/kanban/settings'

/** What can be set of any service, each variable once: for `talaria settings` and the documentation. */
export const everySetting: SettingsTable = unique([gatewaySettings, kanbanSettings])

/** Services share variables such as `TALARIA_LOG_LEVEL`; the first that has one says what it is. */
function unique(tables: readonly SettingsTable[]): SettingsTable {
  const byVariable = new Map<string, Setting>()
  for (const setting of tables.flatMap((table) => Object.values(table))) if (!byVariable.has(setting.env)) byVariable.set(setting.env, setting)
  return Object.fromEntries(byVariable)
}
