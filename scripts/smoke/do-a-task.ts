import { until } from '@talaria/core/testing'

// A worker is a process that loads the agent; on two busy cores that takes a while.
const PATIENCE_MS = 60_000

/** Makes a task on the kanban service at `url` for the built-in agent, and waits until it is done. Throws with what stands in its way. */
export async function doATask(url: string, key: string): Promise<void> {
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${url}/api/boards/default${path}`, {
      ...init,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answers ${response.status}: ${text.slice(0, 500)}`)
    return JSON.parse(text) as { readonly task: { readonly number: number; readonly state: string } }
  }
  const { task } = await ask('/tasks', { method: 'POST', body: JSON.stringify({ title: 'Say hello', assignee: 'agent' }) })
  let last = ''
  try {
    await until('the task is done', PATIENCE_MS, async () => {
      const answer = await ask(`/tasks/${task.number}`)
      last = JSON.stringify(answer)
      return answer.task.state === 'done'
    })
  } catch (error) {
    throw new Error(`${(error as Error).message} It is: ${last.slice(0, 2_000)}`, { cause: error })
  }
}
