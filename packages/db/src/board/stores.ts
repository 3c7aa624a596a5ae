import type { Clock } from '@talaria/core'
import type { Database } from '../database.ts'
import { ApprovalStore } from './approval-store.ts'
import { AttachmentStore } from './attachment-store.ts'
import { BoardStore } from './board-store.ts'
import { ClaimStore } from './claim-store.ts'
import { CommentStore } from './comment-store.ts'
import { EventReader } from './event-store.ts'
import { RecipeStore } from './recipe-store.ts'
import { RoutineStore } from './routine-store.ts'
import { BoardRetention } from './retention.ts'
import { SubscriptionStore } from './subscription-store.ts'
import type { BoardTables } from './tables.ts'
import { TaskSearch } from './task-search.ts'
import { TaskStore } from './task-store.ts'
import { TranscriptStore } from './transcript-store.ts'

/** What one may ask of a board's database, and change there. Plain values without state; keep them as long as you like. */
export interface BoardStores {
  readonly board: BoardStore
  readonly tasks: TaskStore
  readonly search: TaskSearch
  readonly claims: ClaimStore
  readonly transcripts: TranscriptStore
  readonly events: EventReader
  readonly comments: CommentStore
  readonly attachments: AttachmentStore
  readonly approvals: ApprovalStore
  readonly subscriptions: SubscriptionStore
  readonly retention: BoardRetention
  readonly routines: RoutineStore
  readonly recipes: RecipeStore
}

/** `attachmentsFolder` is where the bytes of its files lie. */
export function boardStores(database: Database<BoardTables>, attachmentsFolder: string, clock: Clock): BoardStores {
  return {
    board: new BoardStore(database, clock),
    tasks: new TaskStore(database, clock),
    search: new TaskSearch(database),
    claims: new ClaimStore(database, clock),
    transcripts: new TranscriptStore(database, clock),
    events: new EventReader(database),
    comments: new CommentStore(database, clock),
    attachments: new AttachmentStore(database, attachmentsFolder, clock),
    approvals: new ApprovalStore(database, clock),
    subscriptions: new SubscriptionStore(database, clock),
    retention: new BoardRetention(database, attachmentsFolder, clock),
    routines: new RoutineStore(database, clock),
    recipes: new RecipeStore(database, clock),
  }
}
