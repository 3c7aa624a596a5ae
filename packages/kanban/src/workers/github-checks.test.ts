import { silentLog } from '@talaria/core'
import { startHttpServer } from '@talaria/core/http'
import { expect, test } from 'vitest'
import { GithubChecks } from './github-checks.ts'

const PULL = '/repos/acme/tool/pulls/7'
const RUNS = '/repos/acme/tool/commits/abc/check-runs?per_page=100&page=1'
const STATUS = '/repos/acme/tool/commits/abc/status?per_page=100'

type Answers = Record<string, unknown>

/** A GitHub that answers these paths, and 404 to the rest; a number is a status. */
async function github(answers: Answers, headers: Record<string, string> = {}) {
  const asked: { path: string; authorization: string | null }[] = []
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    settings: { host: 'HOST', port: 'PORT' },
    log: silentLog,
    fetch(request) {
      const { pathname, search } = new URL(request.url)
      const path = pathname.replace('/api/v3', '') + search
      asked.push({ path, authorization: request.headers.get('authorization') })
      const answer = answers[path] ?? 404
      return typeof answer === 'number' ? new Response('no', { status: answer, headers }) : Response.json(answer)
    },
  })
  return { asked, url: `${server.url}/api/v3/`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const never = () => new AbortController().signal

const pull = { [PULL]: { number: 7, head: { sha: 'abc' } } }
const run = (name: string, status: string, conclusion: string | null = null) => ({ name, status, conclusion })
const answers = (runs: object[], statuses: object[] = []): Answers => ({
  ...pull,
  [RUNS]: { total_count: runs.length, check_runs: runs },
  [STATUS]: { statuses },
})

const verdicts: [string, Answers, string][] = [
  ['success', answers([run('build', 'completed', 'success'), run('docs', 'completed', 'skipped'), run('x', 'completed', 'neutral')]), '3 checks'],
  ['success', answers([], [{ context: 'ci', state: 'success' }]), '1 checks'],
  ['failure', answers([run('build', 'completed', 'success'), run('test', 'completed', 'timed_out'), run('lint', 'queued')]), 'test'],
  ['failure', answers([run('build', 'completed', 'success')], [{ context: 'ci', state: 'error' }]), 'ci'],
  ['pending', answers([run('build', 'completed', 'success'), run('test', 'in_progress')]), 'test'],
  ['pending', answers([], [{ context: 'ci', state: 'pending' }]), 'ci'],
  ['missing', answers([]), 'Nothing checks'],
  ['missing', {}, 'knows no such'],
  ['auth', { [PULL]: 401 }, 'GITHUB_TOKEN'],
  ['auth', { ...pull, [RUNS]: 403 }, 'GITHUB_TOKEN'],
  ['unreachable', { [PULL]: 502 }, '502'],
  ['unreachable', { [PULL]: 429 }, 'too often'],
  ['unreachable', { [PULL]: { number: 'seven' } }, 'could not be asked'],
]

test.each(verdicts)('the checks of a pull request are %s', async (state, given, detail) => {
  await using server = await github(given)
  const verdict = await new GithubChecks({ baseUrl: server.url }).verdictOf({ repository: 'acme/tool', number: 7 }, never())
  expect(verdict).toEqual({ state, detail: expect.stringContaining(detail) })
})

test('an hour without requests left is not a missing permission', async () => {
  await using server = await github({ [PULL]: 403 }, { 'x-ratelimit-remaining': '0' })
  const verdict = await new GithubChecks({ baseUrl: server.url }).verdictOf({ repository: 'acme/tool', number: 7 }, never())
  expect(verdict.state).toBe('unreachable')
})

test('a pull request is found by its branch, checks beyond the first page count, and the token is shown', async () => {
  const page = (number: number) => `/repos/acme/tool/commits/abc/check-runs?per_page=100&page=${number}`
  const good = Array.from({ length: 100 }, (_, index) => run(`c${index}`, 'completed', 'success'))
  await using server = await github({
    '/repos/acme/tool/pulls?head=acme%3Awork%2F7&state=all&sort=updated&direction=desc&per_page=1': [{ number: 7, head: { sha: 'abc' } }],
    [page(1)]: { total_count: 101, check_runs: good },
    [page(2)]: { total_count: 101, check_runs: [run('last', 'completed', 'failure')] },
    [STATUS]: { statuses: [] },
  })
  const checks = new GithubChecks({ baseUrl: server.url, token: 't0ken' })
  expect(await checks.verdictOf({ repository: 'acme/tool', branch: 'work/7' }, never())).toEqual({
    state: 'failure',
    detail: 'Checks of acme/tool#7 failed: last.',
  })
  expect(new Set(server.asked.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer t0ken']))
  expect(await checks.verdictOf({ repository: 'acme/tool', branch: 'other' }, never())).toMatchObject({ state: 'missing' })
})

test('a GitHub that is not there is unreachable', async () => {
  const verdict = await new GithubChecks({ baseUrl: 'http://127.0.0.1:9' }).verdictOf({ repository: 'acme/tool', number: 7 }, never())
  expect(verdict.state).toBe('unreachable')
})
