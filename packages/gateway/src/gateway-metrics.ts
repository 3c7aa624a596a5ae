import type { DescriptorBudget, EventLoopDelay } from '@talaria/core'
import type { PlatformStatus } from '@talaria/core/contracts'
import { registerDatabaseMetrics, registerGauges, registerProcessMetrics, type Metrics } from '@talaria/core/metrics'
import type { Databases } from '@talaria/db'
import type { PlatformSupervisors } from './platforms/supervisors.ts'
import type { StrayFailures } from './stray-failures.ts'
import type { DenialCounts } from './chats/authorize-denials.ts'
import type { Turns } from './turns/turns.ts'

export interface GatewayMetricsOptions {
  readonly denials: DenialCounts
  readonly strays: StrayFailures
  readonly databases: Databases
  readonly turns: Turns
  readonly budget: DescriptorBudget
  readonly eventLoopDelay: EventLoopDelay
  readonly version: string
  readonly platforms: () => readonly PlatformStatus[]
  readonly supervisors: PlatformSupervisors
}

/** Adds what is worth knowing of a gateway; everything is asked for when it is scraped. */
export function registerGatewayMetrics(metrics: Metrics, options: GatewayMetricsOptions): void {
  const { databases, turns, budget, eventLoopDelay, version } = options
  registerProcessMetrics(metrics, { service: 'gateway', version, budget, eventLoopDelay })
  registerDatabaseMetrics(metrics, databases)
  registerGauges(metrics, { name: 'runs_active', help: 'Runs under way, waiting ones included.', collect: () => [{ value: turns.active }] })
  registerGauges(metrics, {
    name: 'runs_settled_total',
    help: 'Runs that ended since the start, by how.',
    labels: ['status'],
    collect: () => Object.entries(turns.settledCounts).map(([status, value]) => ({ value, labels: { status } })),
  })
  registerPlatformMetrics(metrics, options)
}

function registerPlatformMetrics(metrics: Metrics, { platforms, supervisors, denials, strays }: GatewayMetricsOptions): void {
  registerGauges(metrics, {
    name: 'stray_failures_total',
    help: 'Rejections and exceptions that nobody caught since the start, by the platform whose library they came from.',
    labels: ['platform', 'kind'],
    collect: () => strays.rows.map(({ platform, kind, count }) => ({ value: count, labels: { platform, kind } })),
  })
  registerGauges(metrics, {
    name: 'messages_denied_total',
    help: 'Messages from chat platforms that were not let in since the start, by why.',
    labels: ['platform', 'reason'],
    collect: () => denials.rows().map(({ platform, reason, count }) => ({ value: count, labels: { platform, reason } })),
  })
  registerGauges(metrics, {
    name: 'platform_state',
    help: '1 for the state that a platform is in.',
    labels: ['platform', 'state'],
    collect: () => platforms().map(({ name, state }) => ({ value: 1, labels: { platform: name, state } })),
  })
  registerGauges(metrics, {
    name: 'platform_attempts_total',
    help: 'Attempts to connect since the start.',
    labels: ['platform'],
    collect: () => platforms().map(({ name, attempts }) => ({ value: attempts, labels: { platform: name } })),
  })
  registerGauges(metrics, {
    name: 'platform_failures_total',
    help: 'Attempts that failed and connections that died since the start, by the code of the failure.',
    labels: ['platform', 'code'],
    collect: () => supervisors.all.flatMap(({ name, failures }) => [...failures].map(([code, value]) => ({ value, labels: { platform: name, code } }))),
  })
  registerGauges(metrics, {
    name: 'platform_connected_seconds_total',
    help: 'How long a platform has been connected since the start.',
    labels: ['platform'],
    collect: () => supervisors.all.map(({ name, connectedMs }) => ({ value: connectedMs / 1_000, labels: { platform: name } })),
  })
}
