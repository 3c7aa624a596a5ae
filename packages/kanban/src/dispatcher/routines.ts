import { type Clock, type Log } from '@talaria/core'
import { BoardError, type BoardStores } from '@talaria/db'
import { planRoutine } from './plan-routine.ts'

interface FireOptions {
  readonly board: string
  readonly actor: string
  readonly clock: Clock
  readonly log: Log
}

/** Makes the tasks of a board's routines whose time has come. Several dispatchers may: each time makes one task. */
export async function fireRoutines({ board: boards, routines }: BoardStores, { board, actor, clock, log }: FireOptions): Promise<void> {
  if ((await boards.get()).archivedAt !== null) return
  const now = clock.now()
  for (const routine of await routines.due(now)) {
    try {
      const made = await routines.fire(routine, planRoutine(routine, now), actor)
      if (made?.length) log.info({ board, routine: routine.id, tasks: made.map(({ task }) => task.number) }, 'a routine has made its tasks')
    } catch (error) {
      if (!(error instanceof BoardError)) throw error
      // It would fail at every look from now on: for example one of its parents is gone.
      log.error({ err: error, board, routine: routine.id }, 'a routine cannot make its task, and is paused')
      await routines.pause(routine.id, { actor, reason: error.message })
    }
  }
}
