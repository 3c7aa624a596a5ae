import type { Agent } from 'node:http'
import { AppType, Client, CTenantAccessToken, DefaultCache, defaultHttpInstance, LoggerLevel, type HttpInstance, type Logger } from '@larksuiteoapi/node-sdk'
import { PlatformError } from '../platform-error.ts'
import { feishuErrorOf, type FeishuCallKind } from './feishu-error.ts'
import { FeishuRefusal, isRefusal } from './feishu-refusal.ts'

/** One request; who calls gives up sooner by the signal. */
const TIMEOUT_MS = 60_000

/** Says nothing: what the library would write holds the app's secret and its tokens. */
export const MUTE_LOGGER: Logger = { error() {}, warn() {}, info() {}, debug() {}, trace() {} }

export interface FeishuRequest extends FeishuCallKind {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/open-apis/`. */
  readonly path: string
  readonly params?: Readonly<Record<string, string>>
  readonly data?: unknown
  readonly responseType?: 'stream'
}

/** Calls Feishu with the tenant's token, which the library fetches and renews. */
export interface FeishuClient {
  /** What the library's long connection is to use, so that all of it ends with our agent. */
  readonly http: HttpInstance
  /** @throws PlatformError */
  call<Answer>(request: FeishuRequest): Promise<Answer>
}

export interface FeishuClientOptions {
  readonly appId: string
  readonly appSecret: string
  /** Such as `https://open.feishu.cn`. */
  readonly domain: string
  readonly agent: Agent
}

/** What axios has besides the interface that the library names. */
interface Axios extends HttpInstance {
  create(defaults: object): Axios
  readonly interceptors: {
    readonly response: { use(answered: (response: Answered) => unknown, failed: (error: Error & { readonly response?: Answered }) => never): void }
  }
}

interface Answered {
  readonly data: unknown
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
}

/** A client with connections and a token of its own: nothing of it outlives the agent. */
export function createFeishuClient({ appId, appSecret, domain, agent }: FeishuClientOptions): FeishuClient {
  const http = createHttp(agent)
  const cache = new DefaultCache()
  const logger = { logger: MUTE_LOGGER, loggerLevel: LoggerLevel.fatal }
  const client = new Client({ appId, appSecret, domain, appType: AppType.SelfBuild, httpInstance: http, cache, ...logger })
  const tokens = client.tokenManager as { getTenantAccessToken(): Promise<string> }

  return {
    http,
    async call<Answer>(request: FeishuRequest): Promise<Answer> {
      try {
        return await callWith<Answer>(request)
      } catch (error) {
        // A token that was taken back before its time: nothing was done, and a new one may do.
        if (!(error instanceof PlatformError && error.code === 'auth_failed')) throw error
        await cache.set(CTenantAccessToken, '', 0, { namespace: appId })
        return callWith<Answer>(request)
      }
    },
  }

  async function callWith<Answer>({ method, path, params, data, responseType, isRepeatable, signal }: FeishuRequest): Promise<Answer> {
    if (signal.aborted) throw new PlatformError('timeout', 'The call to Feishu was given up before it began.')
    // Without a token nothing of the call itself has left.
    const token = await untilAborted(tokens.getTenantAccessToken(), signal).catch((error: unknown) => {
      throw feishuErrorOf(error, { isRepeatable: true, signal })
    })
    const request = { method, url: `${domain}/open-apis/${path}`, headers: { Authorization: `Bearer ${token}` }, signal }
    try {
      return await http.request<Answer>({ ...request, ...(params && { params }), ...(data !== undefined && { data }), ...(responseType && { responseType }) })
    } catch (error) {
      throw feishuErrorOf(error, { isRepeatable, signal })
    }
  }
}

function createHttp(agent: Agent): HttpInstance {
  const defaults = { httpAgent: agent, httpsAgent: agent, proxy: false, maxRedirects: 0, timeout: TIMEOUT_MS, maxBodyLength: Infinity }
  const http = (defaultHttpInstance as unknown as Axios).create(defaults)
  http.interceptors.response.use(
    (response) => {
      if (isRefusal(response.data)) throw new FeishuRefusal(response.data, response.status, response.headers)
      return response.data
    },
    (error) => {
      const { response } = error
      throw response && isRefusal(response.data) ? new FeishuRefusal(response.data, response.status, response.headers) : error
    },
  )
  return http
}

async function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
