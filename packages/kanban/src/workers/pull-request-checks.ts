/** Which pull request: by its number, or as the open one of a branch. */
export interface PullRequestReference {
  /** `owner/name`. */
  readonly repository: string
  readonly number?: number
  readonly branch?: string
}

/**
 * What is known about a pull request's checks. `missing`: there is no such pull request, or nothing checks it; `auth`: we
 * may not see it; `unreachable`: nobody could say.
 */
export type PullRequestState = 'success' | 'failure' | 'pending' | 'missing' | 'auth' | 'unreachable'

export interface PullRequestVerdict {
  readonly state: PullRequestState
  /** For people: which checks, or what is missing. */
  readonly detail: string
}

/** Says how the checks of a pull request stand. */
export interface PullRequestChecks {
  /** Never rejects but by `signal`: what goes wrong is a state. */
  verdictOf(reference: PullRequestReference, signal: AbortSignal): Promise<PullRequestVerdict>
}
