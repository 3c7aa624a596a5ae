import type { Clock } from '@talaria/core'
import type { Database, Source } from '../database.ts'
import { ApiKeyReader, ApiKeyStore } from './api-key-store.ts'
import { ChatReader, ChatStore } from './chats/chat-store.ts'
import { InboundReader, InboundStore } from './chats/inbound-store.ts'
import { OutboundReader, OutboundStore } from './chats/outbound-store.ts'
import { PairingStore } from './chats/pairing-store.ts'
import { PlatformLeaseStore } from './chats/platform-lease-store.ts'
import { PlatformReader, PlatformStore } from './chats/platform-store.ts'
import { RouteReader, RouteStore } from './chats/route-store.ts'
import { ConversationReader, ConversationStore } from './conversation-store.ts'
import { CronRunStore } from './cron/cron-run-store.ts'
import { CronStore } from './cron/cron-store.ts'
import { IdempotencyStore } from './idempotency-store.ts'
import { ResponseReader, ResponseStore } from './response-store.ts'
import { Retention } from './retention.ts'
import { RunnerStore } from './runner-store.ts'
import { SearchIndex } from './search-index.ts'
import { SessionReader } from './session-reader.ts'
import { SessionStore } from './session-store.ts'
import type { GatewayTables } from './tables.ts'
import { TurnReader, TurnStore } from './turn-store.ts'

/** What other services may ask of `gateway.db`. */
export interface GatewayReaders {
  readonly sessions: SessionReader
  readonly turns: TurnReader
  readonly responses: ResponseReader
  readonly conversations: ConversationReader
  readonly chats: ChatReader
  readonly routes: RouteReader
  readonly inbound: InboundReader
  readonly outbound: OutboundReader
  readonly platforms: PlatformReader
  readonly apiKeys: ApiKeyReader
}

/** What the gateway asks of `gateway.db`, and what it changes there. Plain values without state; keep them as long as you like. */
export interface GatewayStores {
  readonly sessions: SessionStore
  readonly turns: TurnStore
  readonly responses: ResponseStore
  readonly conversations: ConversationStore
  readonly chats: ChatStore
  readonly routes: RouteStore
  readonly inbound: InboundStore
  readonly outbound: OutboundStore
  readonly platforms: PlatformStore
  readonly platformLeases: PlatformLeaseStore
  readonly pairing: PairingStore
  readonly idempotency: IdempotencyStore
  readonly apiKeys: ApiKeyStore
  readonly runners: RunnerStore
  readonly cron: CronStore
  readonly cronRuns: CronRunStore
  readonly retention: Retention
  readonly searchIndex: SearchIndex
}

export function gatewayReaders(source: Source<GatewayTables>, clock: Clock): GatewayReaders {
  return {
    sessions: new SessionReader(source),
    turns: new TurnReader(source),
    responses: new ResponseReader(source, clock),
    conversations: new ConversationReader(source),
    chats: new ChatReader(source),
    routes: new RouteReader(source),
    inbound: new InboundReader(source),
    outbound: new OutboundReader(source),
    platforms: new PlatformReader(source),
    apiKeys: new ApiKeyReader(source),
  }
}

export function gatewayStores(database: Database<GatewayTables>, clock: Clock): GatewayStores {
  return {
    sessions: new SessionStore(database, clock),
    turns: new TurnStore(database, clock),
    responses: new ResponseStore(database, clock),
    conversations: new ConversationStore(database, clock),
    chats: new ChatStore(database, clock),
    routes: new RouteStore(database, clock),
    inbound: new InboundStore(database, clock),
    outbound: new OutboundStore(database, clock),
    platforms: new PlatformStore(database, clock),
    platformLeases: new PlatformLeaseStore(database, clock),
    pairing: new PairingStore(database, clock),
    idempotency: new IdempotencyStore(database),
    apiKeys: new ApiKeyStore(database, clock),
    runners: new RunnerStore(database, clock),
    cron: new CronStore(database),
    cronRuns: new CronRunStore(database),
    retention: new Retention(database, clock),
    searchIndex: new SearchIndex(database),
  }
}
