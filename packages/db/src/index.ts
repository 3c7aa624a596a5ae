export type { ApprovalStore, NewApproval } from './board/approval-store.ts'
export { MAX_ATTACHMENT_BYTES, type AttachmentStore, type NewAttachment } from './board/attachment-store.ts'
export { BoardError, invalidField, type BoardErrorCode } from './board/board-error.ts'
export type { BoardChanges, BoardReader, BoardStats, BoardStore } from './board/board-store.ts'
export type { Boards, ListedBoard, NewBoard } from './board/boards.ts'
export type { CommentStore } from './board/comment-store.ts'
export type { EventQuery, EventReader } from './board/event-store.ts'
export type * from './board/records.ts'
export { isSlug } from './board/slug.ts'
export type { SubscriptionStore } from './board/subscription-store.ts'
export type { BoardStores } from './board/stores.ts'
export { actionsFrom, isAllowed, TRANSITIONS, type TaskAction } from './board/transitions.ts'
export type { BackupOptions } from './backup.ts'
export {
  FILES_PER_DATABASE,
  openDatabases,
  restoreGateway,
  type Databases,
  type DatabaseStats,
  type DatabaseStatus,
  type HandleRow,
  type IntegrityCheck,
  type OpenDatabasesOptions,
} from './databases.ts'
export { DatabaseError, type DatabaseErrorCode } from './errors.ts'
export type * from './gateway/records.ts'
export type * from './gateway/chats/chat-records.ts'
export type { ChatQuery, ChatReader, ChatSeen, ChatStore } from './gateway/chats/chat-store.ts'
export type { InboundAccepted, InboundReader, InboundStore } from './gateway/chats/inbound-store.ts'
export type { OutboundFailure, OutboundQuery, OutboundReader, OutboundStore } from './gateway/chats/outbound-store.ts'
export type { PairingStore } from './gateway/chats/pairing-store.ts'
export type { PlatformLeaseStore } from './gateway/chats/platform-lease-store.ts'
export type { PlatformReader, PlatformStore } from './gateway/chats/platform-store.ts'
export type { RouteReader, RouteStore } from './gateway/chats/route-store.ts'
export type { NewApiKey, ApiKeyStore } from './gateway/api-key-store.ts'
export type { ConversationReader, ConversationStore, ItemQuery, NewConversation } from './gateway/conversation-store.ts'
export type * from './gateway/cron/cron-records.ts'
export type { ClaimedCronRun, CronRunStore } from './gateway/cron/cron-run-store.ts'
export type { CronFiring, CronJobChanges, CronStore } from './gateway/cron/cron-store.ts'
export type { IdempotencyStore, NewClaim } from './gateway/idempotency-store.ts'
export type { KeptAnswer } from './gateway/kept-answer.ts'
export type { SearchHit, SearchQuery } from './gateway/message-search.ts'
export type { ResponseReader, ResponseStore, ResponseWithItems } from './gateway/response-store.ts'
export type { Retention, RetentionPolicy } from './gateway/retention.ts'
export type { RunnerStore } from './gateway/runner-store.ts'
export type { SearchIndex } from './gateway/search-index.ts'
export type { MessageQuery, SessionCursor, SessionQuery, SessionReader } from './gateway/session-reader.ts'
export type { ForkOptions, SessionChanges, SessionStore } from './gateway/session-store.ts'
export type { GatewayReaders, GatewayStores } from './gateway/stores.ts'
export { acceptedTurn } from './gateway/turn-rows.ts'
export type { Acceptance, Settlement, TurnQuery, TurnReader, TurnStore } from './gateway/turn-store.ts'
export type { Location } from './location.ts'
export type { Service } from './ownership.ts'
