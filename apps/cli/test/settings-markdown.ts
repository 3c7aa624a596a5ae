import { describeSettings, type SettingRow, type SettingsTable } from '@talaria/core/config'

const INTRODUCTION = `# Settings

Each can be set in the environment, in \`$TALARIA_HOME/.env\`, or in \`$TALARIA_HOME/config.yaml\`; the first that has it wins. An empty
variable counts as not set. Secrets belong into the environment or \`.env\` only. Durations have a unit: \`500ms\`, \`20s\`, \`10m\`, \`24h\`,
\`30d\`. A wrong value, or a name in \`config.yaml\` that nobody knows, keeps the service from starting; the message names all of them.

\`TALARIA_HOME\` itself, in the environment, says where everything is kept: \`~/.talaria\` unless set. \`talaria settings\` prints this list.

Changes in the files become effective with the next start. Those of settings marked \`*\` do with \`talaria reload\` already, see
[operations](operations.md#changing-settings).
`

const SECTIONS: Readonly<Record<string, string>> = {
  gateway: 'Gateway',
  model: 'Models',
  agent: 'Agent',
  cron: 'Cron',
  chats: 'Conversations on chat platforms',
  platforms: 'Chat platforms',
  kanban: 'Boards',
}

/** The page of documentation for a table of settings. */
export function settingsMarkdown(table: SettingsTable): string {
  const sections = new Map<string, SettingRow[]>()
  let section = 'gateway'
  for (const row of describeSettings(table)) {
    // What has no place in the file stands with its neighbours.
    section = row.file?.split('.')[0] ?? section
    sections.set(section, [...(sections.get(section) ?? []), row])
  }
  return [INTRODUCTION, ...[...sections].map(([name, rows]) => `## ${SECTIONS[name]}\n\n${tableOf(rows)}`)].join('\n')
}

function tableOf(rows: readonly SettingRow[]): string {
  const lines = rows.map(({ env, file, help, expected, fallback, isRequired, applies }) => {
    const otherwise = isRequired ? 'required' : fallback === undefined ? '' : fallback === 'none' ? 'none' : `\`${fallback}\``
    return `| \`${env}\`${applies === 'reload' ? ' \\*' : ''} | ${file === undefined ? '' : `\`${file}\``} | ${help} | ${expected} | ${otherwise} |`
  })
  return [
    '| variable | in `config.yaml` | meaning | takes | default |',
    '| --- | --- | --- | --- | --- |',
    ...lines.map((line) => line.replaceAll(/(?<=[^ ])\|(?=[^ ])/g, '\\|')),
    '',
  ].join('\n')
}
