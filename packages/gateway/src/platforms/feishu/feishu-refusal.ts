/** That Feishu answered with a code other than 0. */
export class FeishuRefusal extends Error {
  readonly feishuCode: number
  readonly status: number
  readonly retryAfterMs: number | undefined

  constructor(answer: { readonly code: number; readonly msg?: string }, status: number, headers: Readonly<Record<string, unknown>> = {}) {
    super(answer.msg ?? 'without a reason')
    this.name = 'FeishuRefusal'
    this.feishuCode = answer.code
    this.status = status
    const seconds = Number(headers['x-ogw-ratelimit-reset'] ?? headers['retry-after'])
    this.retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined
  }
}

/** Whether a body is an answer of Feishu that refuses. */
export function isRefusal(body: unknown): body is { readonly code: number; readonly msg?: string } {
  const code = (body as { code?: unknown } | null | undefined)?.code
  return typeof code === 'number' && code !== 0
}
