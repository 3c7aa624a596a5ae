import { LogLevel, webApi, type Logger } from '@slack/bolt'
import type { HttpClient } from '../http-client.ts'
import { slackErrorOf } from './slack-error.ts'

const CALL_MS = 20_000

/** Slack's Web API. One client serves one call, because the library's take a signal for all calls or for none. */
export type SlackApi = <Result>(signal: AbortSignal, work: (client: webApi.WebClient) => Promise<Result>) => Promise<Result>

/** How the library is to behave: it waits for nothing and tries nothing again, the outbox does; what it says is in its errors. */
export function clientOptionsOf(apiRoot: string, http: HttpClient, signal: AbortSignal): webApi.WebClientOptions {
  return {
    slackApiUrl: apiRoot,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_MS,
    logger: silence,
    fetch: ((url: string, init: RequestInit = {}) =>
      http.fetch(url, { ...init, signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal })) as typeof globalThis.fetch,
  }
}

/** Calls that carry a token. Their failures are `PlatformError`s. */
export function createSlackApi(token: string, { apiRoot, http }: { readonly apiRoot: string; readonly http: HttpClient }): SlackApi {
  return async (signal, work) => {
    try {
      return await work(new webApi.WebClient(token, clientOptionsOf(apiRoot, http, signal)))
    } catch (error) {
      throw slackErrorOf(error)
    }
  }
}

/** A log without words: the library's own go to the console, with what people wrote in them. */
export const silence: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
}
