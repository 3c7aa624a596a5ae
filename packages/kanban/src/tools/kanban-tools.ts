import { kanbanAttach } from './kanban-attach.ts'
import { kanbanAttachments } from './kanban-attachments.ts'
import { kanbanBlock } from './kanban-block.ts'
import { kanbanComment } from './kanban-comment.ts'
import { kanbanComplete } from './kanban-complete.ts'
import { kanbanCreate } from './kanban-create.ts'
import { kanbanHeartbeat } from './kanban-heartbeat.ts'
import { kanbanLink } from './kanban-link.ts'
import { kanbanList } from './kanban-list.ts'
import { kanbanRequestChanges } from './kanban-request-changes.ts'
import { kanbanRequestReview } from './kanban-request-review.ts'
import { kanbanShow } from './kanban-show.ts'
import { kanbanUnblock } from './kanban-unblock.ts'
import { kanbanUnlink } from './kanban-unlink.ts'
import type { KanbanTool } from './tool.ts'

/** Everything that models can do with a board. Which of it is for whom, each says by its scope. */
export const kanbanTools: readonly KanbanTool[] = [
  kanbanShow,
  kanbanList,
  kanbanComplete,
  kanbanBlock,
  kanbanRequestReview,
  kanbanRequestChanges,
  kanbanHeartbeat,
  kanbanComment,
  kanbanAttach,
  kanbanAttachments,
  kanbanCreate,
  kanbanLink,
  kanbanUnlink,
  kanbanUnblock,
]
