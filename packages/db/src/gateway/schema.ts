import type { Schema } from '../schema.ts'
import { gatewayTables } from './migrations/0001-gateway.ts'
import { chatTables } from './migrations/0002-chats.ts'
import { cronTables } from './migrations/0003-cron.ts'
import { platformLeaseTables } from './migrations/0004-platform-lease.ts'
import { cronApprovals } from './migrations/0005-cron-approvals.ts'
import type { GatewayTables } from './tables.ts'

/** `gateway.db`: made and migrated by the gateway. */
export const gatewaySchema: Schema<GatewayTables> = {
  name: 'gateway',
  migrations: [gatewayTables, chatTables, cronTables, platformLeaseTables, cronApprovals],
}
