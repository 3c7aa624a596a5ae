import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog, systemClock, type Clock } from '@talaria/core'
import { openDatabases, type BoardStores, type Databases } from '@talaria/db'

export interface TestBoards extends AsyncDisposable {
  readonly home: string
  readonly databases: Databases
  readonly storesOf: (slug: string) => BoardStores
}

/** A home with boards of these names, on real files, to be disposed by `await using`. */
export async function openTestBoards(slugs: readonly string[] = ['default'], { clock = systemClock }: { readonly clock?: Clock } = {}): Promise<TestBoards> {
  const home = mkdtempSync(join(tmpdir(), 'talaria-kanban-'))
  const locations = { gateway: { file: join(home, 'gateway.db') }, boards: join(home, 'boards') }
  const databases = openDatabases({ service: 'kanban', locations, clock, log: silentLog })
  for (const slug of slugs) await databases.boards.create({ slug }, 'test')
  return {
    home,
    databases,
    storesOf: (slug) => databases.board(slug),
    async [Symbol.asyncDispose]() {
      await databases.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
