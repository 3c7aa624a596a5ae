import { FakeClock } from '@talaria/core/testing'
import type { Boards } from '../board/boards.ts'
import type { BoardStores } from '../board/stores.ts'
import type { Databases } from '../databases.ts'
import { openTestDatabases } from './open-test-databases.ts'

/** The stores of a board, with what a test needs to look at it from outside. */
export interface TestBoard extends BoardStores, AsyncDisposable {
  readonly boards: Boards
  readonly databases: Databases
  readonly clock: FakeClock
  readonly file: string
  /** The folder that a process is told of, with `gateway.db` and `boards` in it. */
  readonly gatewayFile: string
}

/** A new board `b` on a real file, with a clock that stands still. */
export async function openTestBoard(): Promise<TestBoard> {
  const clock = new FakeClock(1_000_000)
  const test = openTestDatabases({ clock })
  await test.databases.boards.create({ slug: 'b' }, 'cli')
  return {
    ...test.databases.board('b'),
    boards: test.databases.boards,
    databases: test.databases,
    clock,
    gatewayFile: test.file,
    file: test.file.replace(/gateway\.db$/, 'boards/b.db'),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  }
}
