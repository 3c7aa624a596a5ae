import { expect } from 'vitest'
import { until } from '@talaria/core/testing'
import type { ApiClient } from '../testing/api-client.ts'
import type { Ledger } from './ledger.ts'

const SETTLE_MS = 20_000
/** How many questions at a time; a gateway that was just started has enough to do. */
const AT_A_TIME = 8
const UNDER_WAY = 'queued,running,waiting_for_approval,stopping'

/** What a gateway keeps of a run. */
interface RunRecord {
  readonly id: string
  readonly session_id: string
  readonly status: string
  readonly output: string
  readonly created_at: number
  readonly error: { readonly code: string } | null
}

/** Fails unless a gateway that was started again keeps everything that the ledger says, once, and has settled every run. */
export async function audit(api: ApiClient, ledger: Ledger, since: number): Promise<void> {
  await everyRunIsSettled(api)
  await eachOf(ledger.repetitions, (repeat) => repeat(api))
  await everyRunIsSettled(api)
  await eachOf(ledger.promises, (check) => check(api))
  const runs = await runsSince(api, since)
  await eachOf(runs, (run) => eventsAreWhole(api, run))
  const sessions = [...new Set(runs.map((run) => run.session_id))]
  const texts = await eachOf(sessions, (session) => userTexts(api, session))
  expect(ledger.problemsOf(texts.flat())).toEqual([])
}

/** Waits until no run is under way. */
async function everyRunIsSettled(api: ApiClient): Promise<void> {
  await until('every run is settled', SETTLE_MS, async () => (await api.get(`/v1/runs?limit=1&status=${UNDER_WAY}`)).json.data.length === 0)
}

/** Every run that began since then, oldest last. */
async function runsSince(api: ApiClient, since: number): Promise<readonly RunRecord[]> {
  const runs: RunRecord[] = []
  for (let after = ''; ; after = `&after=${runs.at(-1)!.id}`) {
    const { data, has_more } = (await api.get(`/v1/runs?limit=200${after}`)).json as { data: RunRecord[]; has_more: boolean }
    runs.push(...data.filter((run) => run.created_at * 1000 >= since))
    if (!has_more || data.at(-1)!.created_at * 1000 < since) return runs
  }
}

/** Numbers from 1 on without a gap, one end, and an output that is what was said. */
async function eventsAreWhole(api: ApiClient, run: RunRecord): Promise<void> {
  const { frames } = await api.stream('GET', `/v1/runs/${run.id}/events`)
  const events = (await Array.fromAsync(frames)).flatMap(({ id, data }) =>
    data === undefined ? [] : [{ id, ...(JSON.parse(data) as { event: string; seq: number; delta?: string }) }],
  )
  expect(events.map(({ id, seq }) => [id, seq])).toEqual(events.map((_, index) => [String(index + 1), index + 1]))
  const ends = events.filter(({ event }) => event.startsWith('run.'))
  expect(ends.map(({ event }) => event)).toEqual([`run.${run.status}`])
  expect(events.at(-1)).toBe(ends[0])
  expect(events.map(({ event, delta }) => (event === 'message.delta' ? delta : '')).join('')).toBe(run.output)
  expect(run.error?.code).toBe(run.status === 'interrupted' ? 'interrupted' : undefined)
}

async function userTexts(api: ApiClient, session: string): Promise<readonly string[]> {
  const { data } = (await api.get(`/api/sessions/${session}/messages`)).json as { data: { role: string; content: string }[] }
  return data.filter(({ role }) => role === 'user').map(({ content }) => content)
}

async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const waiting = [...items]
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  return results
}
