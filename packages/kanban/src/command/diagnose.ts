import type { Task } from '@talaria/db'
import { lengthOf } from './age.ts'
import { safeLine } from './safe-text.ts'

/** Something about a task that somebody should look at, and what to do about it. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly code: 'given_up' | 'crash_loop' | 'deadlock' | 'silent_block' | 'no_worker' | 'unassigned' | 'overdue'
  readonly task: number
  readonly finding: string
  readonly advice: string
}

type Rule = (task: Task, now: number) => Omit<Finding, 'task'> | undefined

/** A crash may happen; again and again it has a cause. */
const CRASH_LOOP = 2

/** Who was asked something has had a day to answer. */
const SILENT_MS = 24 * 3_600_000

/** A worker takes milliseconds to begin, a full host minutes. */
const NO_WORKER_MS = 30 * 60_000

const RULES: readonly Rule[] = [
  function givenUp({ number, state, block, lastFailure }) {
    if (state !== 'blocked' || (block?.kind !== 'gave_up' && block?.kind !== 'quarantined')) return undefined
    const because = lastFailure ? `${lastFailure.code}: ${safeLine(lastFailure.message, 120)}` : safeLine(block.reason, 120)
    return {
      severity: 'error',
      code: 'given_up',
      finding: `It was given up: ${because}`,
      advice: `Look at what it said (transcript ${number}), then redrive ${number}.`,
    }
  },
  function crashLoop({ number, state, failures, lastFailure }) {
    if (!['ready', 'review', 'running'].includes(state) || failures < CRASH_LOOP) return undefined
    const finding = `${failures} attempts in a row have failed${lastFailure ? `, the last with ${lastFailure.code}` : ''}.`
    return { severity: 'error', code: 'crash_loop', finding, advice: `See runs ${number} and transcript ${number}; block ${number} --reason … stops it.` }
  },
  function deadlock({ number, state, block }) {
    if (state !== 'blocked' || block?.kind !== 'dependency') return undefined
    const advice = `Reopen the parent that ended otherwise, or unlink it (show ${number} names it).`
    return { severity: 'error', code: 'deadlock', finding: 'Its parents have ended so that it can never begin.', advice }
  },
  function silentBlock({ number, state, block, waiting, updatedAt }, now) {
    if (state !== 'blocked' || block === null || ['gave_up', 'quarantined', 'dependency'].includes(block.kind)) return undefined
    const since = Math.max(updatedAt, waiting?.since ?? 0)
    if (now - since < SILENT_MS) return undefined
    const finding = `It has been blocked for ${lengthOf(now - since)} without a word: ${safeLine(block.reason, 120)}`
    return { severity: 'warning', code: 'silent_block', finding, advice: `Answer it: unblock ${number} --reason "…"` }
  },
  function noWorker({ number, state, assignee, waiting, nextAttemptAt }, now) {
    const since = waiting?.since ?? now
    if (state !== 'ready' || (nextAttemptAt !== null && nextAttemptAt > now) || now - since < NO_WORKER_MS) return undefined
    if (assignee === null) {
      return {
        severity: 'warning',
        code: 'unassigned',
        finding: `It has been ready for ${lengthOf(now - since)}, and nobody is named for it.`,
        advice: `assign ${number} NAME`,
      }
    }
    const finding = `It has been ready for ${lengthOf(now - since)} without a worker${waiting ? ` (${waiting.code}: ${safeLine(waiting.detail, 120)})` : ''}.`
    return { severity: 'warning', code: 'no_worker', finding, advice: 'See whether a dispatcher runs (pnpm kanban), and whether the board is paused.' }
  },
  function overdue({ number, state, dueAt }, now) {
    if (dueAt === null || dueAt > now || state === 'done' || state === 'archived') return undefined
    return {
      severity: 'warning',
      code: 'overdue',
      finding: `It was due ${lengthOf(now - dueAt)} ago.`,
      advice: `Raise it (edit ${number} --priority …), or put the date off (--due …).`,
    }
  },
]

/** What should be looked at, errors first. */
export function diagnose(tasks: readonly Task[], now: number): readonly Finding[] {
  const findings = tasks.flatMap((task) =>
    RULES.flatMap((rule) => {
      const found = rule(task, now)
      return found ? [{ ...found, task: task.number }] : []
    }),
  )
  return findings.toSorted((one, other) => one.severity.localeCompare(other.severity) || one.task - other.task)
}
