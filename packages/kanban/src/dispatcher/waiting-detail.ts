import type { Board, WaitingCode } from '@talaria/db'
import type { KanbanSettings } from '../settings.ts'

/** Why a task that could run does not, in a sentence that says what to do about it. */
export function waitingDetail(code: WaitingCode, board: Board, settings: KanbanSettings): string {
  const { maxRunning, maxRunningPerAssignee } = board.settings
  switch (code) {
    case 'unassigned':
      return 'Nobody is named for it. Assign it, or set a default assignee.'
    case 'unknown_assignee':
      return 'Workers are begun for some assignees only (KANBAN_ASSIGNEES), and this one is not among them.'
    case 'host_cap':
      return 'As many workers run on this host as may (KANBAN_MAX_RUNNING).'
    case 'board_cap':
      return `As many workers run on this board as may (${maxRunning ?? settings.maxRunningPerBoard}).`
    case 'assignee_cap':
      return `As many workers of its assignee run as may (${maxRunningPerAssignee ?? settings.maxRunningPerAssignee}).`
    case 'label_cap':
      return 'As many tasks with one of its labels run as may.'
    case 'memory':
      return 'The host is short of memory. It goes on by itself when there is more.'
    case 'dispatcher_paused':
      return 'The dispatcher is paused. Resume it: talaria kanban resume --all.'
    case 'board_paused':
      return `The board is paused${board.pausedReason ? `: ${board.pausedReason}` : '.'}`
    default:
      return 'It waits for its turn.'
  }
}
