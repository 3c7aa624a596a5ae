import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { codeOf, messageOf } from '@talaria/core'
import type { WorkerDefinition } from '../workers/worker-definition.ts'
import { taskJsonOf } from './task-for-others.ts'
import { endOfResult } from './work-result.ts'
import type { Work, WorkContext, WorkerEnd } from './work.ts'

const LONGEST_ANSWER = 4 * 1024 * 1024

/** Work that a service does: it gets the task by POST and answers when it is done, with how it ended. It may take as long as an attempt may. */
export const httpWork: Work = async (context) => {
  const { run, signal, transcript } = context
  const worker = run.worker as Extract<WorkerDefinition, { executor: 'http' }>
  transcript.add('note', `POST ${worker.url}`, { isEntry: true })
  let answer: { readonly response: IncomingMessage; readonly text: string }
  try {
    answer = await post(worker, context)
  } catch (error) {
    signal.throwIfAborted()
    return failed('infrastructure', codeOf(error) ?? 'unreachable', `The service could not be reached, or ended the connection: ${messageOf(error)}`)
  }
  const { statusCode: status = 0, headers } = answer.response
  transcript.add('text', answer.text, { isEntry: true })
  if (status === 429 || (status === 503 && headers['retry-after'])) {
    return failed('rate_limit', `http_${status}`, 'The service asks to be called later.', retryAfterMs(headers['retry-after'], context))
  }
  if (status < 200 || status > 299)
    return failed(status >= 500 ? 'crash' : 'task', `http_${status}`, `The service answered with ${status}: ${answer.text.slice(0, 400)}`)
  const end = endOfResult(answer.text)
  return end ?? failed('protocol', 'no_result', `The service answered without a result: ${answer.text.slice(0, 400) || 'nothing'}`)
}

function post({ url, headers }: Extract<WorkerDefinition, { executor: 'http' }>, { run, signal }: WorkContext) {
  return new Promise<{ response: IncomingMessage; text: string }>((resolve, reject) => {
    const body = JSON.stringify(taskJsonOf(run))
    const send = new URL(url).protocol === 'https:' ? requestHttps : requestHttp
    const sent = send(url, {
      method: 'POST',
      signal,
      // One call in the life of this process: its connection ends with it.
      agent: false,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(body),
        'idempotency-key': run.runId,
        ...headers,
      },
    })
    sent.on('error', reject)
    sent.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > LONGEST_ANSWER) sent.destroy(new Error(`the answer is longer than ${LONGEST_ANSWER / 1024 / 1024} MiB`))
      })
      response.once('end', () => resolve({ response, text }))
      response.once('error', reject)
    })
    sent.end(body)
  })
}

/** Seconds, or a date. */
function retryAfterMs(header: string | undefined, { clock }: WorkContext): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - clock.now()
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined
}

function failed(kind: Extract<WorkerEnd, { as: 'fail' }>['body']['class'], code: string, message: string, retryAfter?: number): WorkerEnd {
  return { as: 'fail', body: { class: kind, code, message: message.slice(0, 4_000), ...(retryAfter !== undefined && { retryAfterMs: retryAfter }) } }
}
