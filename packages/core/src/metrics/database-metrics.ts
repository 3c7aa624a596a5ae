import { registerGauges } from './gauges.ts'
import type { Metrics } from './registry.ts'

/** The databases of a process, by what can be measured of them: this module does not know how they are opened. */
export interface MeasuredDatabases {
  stats(): {
    readonly databases: number
    readonly connections: number
    readonly leases: number
    readonly queuedWrites: number
    readonly commits: number
    readonly writes: number
    readonly maxFiles: number
  }
  status(): readonly { readonly name: string; readonly bytes: number; readonly walBytes: number }[]
}

/** Adds what is worth knowing of a process's databases; everything is asked for when it is scraped. */
export function registerDatabaseMetrics(metrics: Metrics, databases: MeasuredDatabases): void {
  const gauge = (name: string, help: string, read: () => number) => registerGauges(metrics, { name, help, collect: () => [{ value: read() }] })
  gauge('db_open', 'Databases that are open.', () => databases.stats().databases)
  gauge('db_connections', 'Connections that are open.', () => databases.stats().connections)
  gauge('db_leases', 'Borrowed connections.', () => databases.stats().leases)
  gauge('db_queued_writes', 'Writes that wait for a commit.', () => databases.stats().queuedWrites)
  gauge('db_commits_total', 'Commits since the start.', () => databases.stats().commits)
  gauge('db_writes_total', 'Writes since the start; several share a commit.', () => databases.stats().writes)
  gauge('db_descriptors_max', 'Descriptors that databases may take at most.', () => databases.stats().maxFiles)
  registerGauges(metrics, {
    name: 'db_bytes',
    help: 'Size of each open database and of its write-ahead log.',
    labels: ['database', 'part'],
    collect: () =>
      databases.status().flatMap(({ name, bytes, walBytes }) => [
        { value: bytes, labels: { database: name, part: 'main' } },
        { value: walBytes, labels: { database: name, part: 'wal' } },
      ]),
  })
}
