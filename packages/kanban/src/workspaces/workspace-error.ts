import { TalariaError } from '@talaria/core'

/** Why a task has no workspace; the meaning stands beside each code. */
export type WorkspaceErrorCode =
  /** The folder that was asked for is not absolute, or is one that nobody may work in. */
  | 'workspace_refused'
  /** The repository of a worktree is none, or git said no. */
  | 'worktree_failed'
  /** The folder could not be made. */
  | 'workspace_failed'

/** Nothing was left behind when it is thrown. */
export class WorkspaceError extends TalariaError<WorkspaceErrorCode> {}
