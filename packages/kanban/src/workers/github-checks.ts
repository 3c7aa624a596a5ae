import { messageOf } from '@talaria/core'
import { z } from 'zod'
import type { PullRequestChecks, PullRequestReference, PullRequestVerdict } from './pull-request-checks.ts'

/** GitHub answers in less than a second, or not at all. */
const TIMEOUT_MS = 15_000

const PAGE_CHECKS = 100

/** More than a matrix of builds; what is beyond is not looked at, and says so by being pending. */
const MOST_PAGES = 10

export interface GithubChecksOptions {
  /** Without it only public repositories are seen, sixty times an hour. */
  readonly token?: string
  /** `https://api.github.com`, or an installation's `https://host/api/v3`. */
  readonly baseUrl: string
}

const PullRequest = z.object({ number: z.int(), head: z.object({ sha: z.string() }) })
const CheckRuns = z.object({
  total_count: z.int(),
  check_runs: z.array(z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullable() })),
})
const CombinedStatus = z.object({ statuses: z.array(z.object({ context: z.string(), state: z.string() })) })

/** One thing that checks a commit, whichever of GitHub's two ways it reports by. */
interface Check {
  readonly name: string
  readonly state: 'success' | 'failure' | 'pending'
}

const GOOD = new Set(['success', 'neutral', 'skipped'])

/**
 * Asks GitHub's REST API: check runs and commit statuses of the newest commit of a pull request.
 *
 * @see https://docs.github.com/en/rest/checks/runs and https://docs.github.com/en/rest/commits/statuses
 */
export class GithubChecks implements PullRequestChecks {
  readonly #options: GithubChecksOptions

  constructor(options: GithubChecksOptions) {
    this.#options = options
  }

  async verdictOf(reference: PullRequestReference, signal: AbortSignal): Promise<PullRequestVerdict> {
    try {
      const pull = await this.#find(reference, signal)
      if (!pull) return { state: 'missing', detail: `${nameOf(reference)} does not exist.` }
      return verdictOf(`${reference.repository}#${pull.number}`, await this.#checksOf(reference.repository, pull.head.sha, signal))
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof GithubRefusal) return { state: error.state, detail: `${nameOf(reference)}: ${error.message}` }
      return { state: 'unreachable', detail: `${nameOf(reference)}: GitHub could not be asked (${messageOf(error)}).` }
    }
  }

  async #find({ repository, number, branch }: PullRequestReference, signal: AbortSignal): Promise<z.output<typeof PullRequest> | undefined> {
    if (number !== undefined) return this.#get(`/repos/${repository}/pulls/${number}`, PullRequest, signal)
    if (branch === undefined) return undefined
    const [owner] = repository.split('/')
    const query = new URLSearchParams({ head: `${owner}:${branch}`, state: 'all', sort: 'updated', direction: 'desc', per_page: '1' })
    const [newest] = await this.#get(`/repos/${repository}/pulls?${query.toString()}`, z.array(PullRequest), signal)
    return newest
  }

  async #checksOf(repository: string, sha: string, signal: AbortSignal): Promise<readonly Check[]> {
    const checks: Check[] = []
    for (let page = 1; page <= MOST_PAGES; page += 1) {
      const { total_count: total, check_runs: runs } = await this.#get(
        `/repos/${repository}/commits/${sha}/check-runs?per_page=${PAGE_CHECKS}&page=${page}`,
        CheckRuns,
        signal,
      )
      for (const { name, status, conclusion } of runs) {
        checks.push({ name, state: status !== 'completed' ? 'pending' : GOOD.has(conclusion ?? '') ? 'success' : 'failure' })
      }
      if (runs.length === 0 || checks.length >= total) break
      if (page === MOST_PAGES) checks.push({ name: 'further checks', state: 'pending' })
    }
    const { statuses } = await this.#get(`/repos/${repository}/commits/${sha}/status?per_page=100`, CombinedStatus, signal)
    for (const { context, state } of statuses) {
      checks.push({ name: context, state: state === 'success' || state === 'pending' ? state : 'failure' })
    }
    return checks
  }

  async #get<Answer>(path: string, schema: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer> {
    const { token, baseUrl } = this.#options
    const response = await fetch(baseUrl.replace(/\/+$/, '') + path, {
      headers: { Accept: 'application/vnd.github+json', 'X-GitHub-Api-Version': '2022-11-28', ...(token && { Authorization: `Bearer ${token}` }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new GithubRefusal(response)
    }
    return schema.parse(await response.json())
  }
}

/** GitHub said no. */
class GithubRefusal extends Error {
  readonly state: 'auth' | 'missing' | 'unreachable'

  constructor({ status, headers }: Response) {
    const isLimited = status === 429 || (status === 403 && headers.get('x-ratelimit-remaining') === '0')
    const state = isLimited ? 'unreachable' : status === 401 || status === 403 ? 'auth' : status === 404 ? 'missing' : 'unreachable'
    const words = {
      auth: `GitHub does not let us see it (${status}); set GITHUB_TOKEN to one that may read it.`,
      missing: 'GitHub knows no such pull request, or does not show it to us; set GITHUB_TOKEN if it is private.',
      unreachable: `GitHub answered ${status}${isLimited ? ', because it was asked too often' : ''}.`,
    }
    super(words[state])
    this.state = state
  }
}

function verdictOf(name: string, checks: readonly Check[]): PullRequestVerdict {
  const failed = checks.filter(({ state }) => state === 'failure')
  const pending = checks.filter(({ state }) => state === 'pending')
  if (failed.length > 0) return { state: 'failure', detail: `Checks of ${name} failed: ${namesOf(failed)}.` }
  if (pending.length > 0) return { state: 'pending', detail: `Checks of ${name} have not ended: ${namesOf(pending)}.` }
  if (checks.length === 0) return { state: 'missing', detail: `Nothing checks ${name}.` }
  return { state: 'success', detail: `${checks.length} checks of ${name} passed.` }
}

const namesOf = (checks: readonly Check[]) =>
  checks
    .slice(0, 10)
    .map(({ name }) => name)
    .join(', ')

function nameOf({ repository, number, branch }: PullRequestReference): string {
  if (number !== undefined) return `Pull request ${repository}#${number}`
  return branch === undefined ? `A pull request of ${repository} that the task names` : `A pull request of ${repository} from ${branch}`
}
