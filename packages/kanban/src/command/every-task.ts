import type { BoardStores, Task, TaskState } from '@talaria/db'

/** As much as a page may hold. */
const PAGE = 500

/** All tasks in some states, page by page. */
export async function everyTask({ tasks }: BoardStores, states: readonly TaskState[]): Promise<readonly Task[]> {
  const found: Task[] = []
  for (let after: string | undefined; ;) {
    const page = await tasks.list({ states, sort: 'created', limit: PAGE, ...(after !== undefined && { after }) })
    found.push(...page.tasks)
    if (page.nextCursor === undefined) return found
    after = page.nextCursor
  }
}
