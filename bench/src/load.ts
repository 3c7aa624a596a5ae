import autocannon from 'autocannon'

export interface Load {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly headers?: Readonly<Record<string, string>>
  /** A POST with this body; a GET without. */
  readonly body?: unknown
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Sends the same request over and over. @throws when any answer was not a success: a fast refusal is no throughput. */
export async function load({ url, connections, seconds, headers = {}, body }: Load): Promise<LoadResult> {
  const request = {
    url,
    connections,
    duration: seconds,
    headers: { ...headers },
    ...(body !== undefined && { method: 'POST' as const, body: JSON.stringify(body) }),
  }
  await autocannon({ ...request, duration: 1 })
  const result = await autocannon(request)
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} requests failed`)
  return { perSecond: result.requests.average, p50Ms: result.latency.p50, p99Ms: result.latency.p99 }
}
