import type { NewTask, TaskSettings } from '@talaria/db'
import { z } from 'zod'
import { defineKanbanTool } from './define-kanban-tool.ts'
import { taskJson } from './task-json.ts'
import { TaskId } from './tool-task.ts'

const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

const input = {
  title: z.string(),
  assignee: z.string().optional().describe('Who is to do it; nobody is begun for a task without one, unless the board has a default'),
  body: z.string().optional().describe('Everything that somebody needs to know who has not seen this conversation'),
  parents: z.array(TaskId).max(1_000).default([]).describe('Tasks that come first'),
  parents_mode: z.enum(['all', 'any']).optional(),
  tenant: z.string().optional(),
  labels: z.array(z.string()).optional(),
  priority: z.int().optional().describe('Higher first; 0 unless given'),
  due: Time.optional().describe('An ISO 8601 time with its offset'),
  not_before: Time.optional().describe('An ISO 8601 time with its offset, until which it waits'),
  workspace_kind: z.enum(['scratch', 'dir', 'worktree']).optional(),
  workspace_path: z.string().optional().describe('The folder of dir, or the repository of worktree'),
  branch: z.string().optional(),
  triage: z.boolean().default(false).describe('It has to be thought over before it is ready'),
  idempotency_key: z.string().optional().describe('A second task with this key is not made; the first is answered'),
  max_runtime_seconds: z.int().min(1).optional(),
  initial_status: z.enum(['running', 'blocked']).default('running').describe('blocked: it waits for a person'),
  skills: z.array(z.string()).optional(),
  goal_mode: z.boolean().default(false).describe('The worker is asked after each turn whether everything is fulfilled'),
  goal_max_turns: z.int().min(1).max(1_000).default(20),
  model: z.string().optional(),
  reviewer: z.string().optional(),
}

/** A new task. One that a worker makes has the tenant and the subscribers of its own, and the conversation that asked for it. */
export const kanbanCreate = defineKanbanTool({
  name: 'kanban_create',
  description: 'Makes a task. It is begun as soon as the tasks that come before it are done and there is room for it.',
  scope: 'board',
  input,
  async run({ stores, actor, worker, origin, subscribers }, said) {
    const { title, body, assignee, tenant, labels, priority, reviewer } = said
    const settings = settingsOf(said)
    const task: NewTask = {
      title,
      parents: said.parents.map((id) => ({ id: String(id) })),
      isTriage: said.triage,
      ...(body !== undefined && { body }),
      ...(assignee !== undefined && { assignee }),
      ...(tenant !== undefined && { tenant }),
      ...(labels && { labels }),
      ...(priority !== undefined && { priority }),
      ...(reviewer !== undefined && { reviewer }),
      ...(said.parents_mode && { parentsMode: said.parents_mode }),
      ...(said.due !== undefined && { dueAt: said.due }),
      ...(said.not_before !== undefined && { notBefore: said.not_before }),
      ...(said.idempotency_key !== undefined && { idempotencyKey: said.idempotency_key }),
      ...(said.initial_status === 'blocked' && { blocked: { kind: 'needs_input' as const, reason: 'It was made to wait for a person.' } }),
      ...(Object.keys(settings).length > 0 && { settings }),
      ...(worker && { madeByRun: worker.open.claim.runId }),
      ...(origin && { origin }),
      ...(subscribers && { subscribers }),
    }
    const { task: made, created } = await stores.tasks.create(task, actor)
    return { ...taskJson(made), ...(!created && { existed: true }) }
  },
})

function settingsOf(said: z.output<z.ZodObject<typeof input>>): TaskSettings {
  const { workspace_kind: kind, workspace_path: path, branch, skills, model } = said
  return {
    ...(kind && { workspace: { kind, ...(path !== undefined && { path }), ...(branch !== undefined && { branch }) } }),
    ...(said.max_runtime_seconds !== undefined && { maxRuntimeMs: said.max_runtime_seconds * 1_000 }),
    ...(skills && { skills }),
    ...(model !== undefined && { model }),
    ...(said.goal_mode && { goal: { maxTurns: said.goal_max_turns } }),
  }
}
