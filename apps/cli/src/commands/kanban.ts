import { userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import { silentLog, systemClock as clock } from '@talaria/core'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { kanbanClient } from '../gateway-client.ts'

/** `talaria kanban`: boards of tasks. What stands after it is read by the kanban package, which reads the same in chats. */
export function addKanban(program: Command): void {
  program
    .command('kanban')
    .description('Make tasks, look at them and move them, on boards. Works on the boards themselves, with or without a dispatcher.')
    .argument('[words...]', 'a command and what it takes; without any, they are listed')
    .usage('<command> …')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      process.exitCode = await runKanban(words)
    })
}

async function runKanban(words: readonly string[]): Promise<number> {
  // Late, so that nobody else waits for a database.
  const [{ openDatabases }, { runKanbanCommand }] = await Promise.all([import('@talaria/db'), import('@talaria/kanban/command')])
  const config = await readConfig()
  const { gatewayDb, boardsDir } = config.paths
  await using databases = openDatabases({ service: 'cli', locations: { gateway: { file: gatewayDb }, boards: boardsDir }, clock, log: silentLog })
  using interrupt = onInterrupt()
  await using opened = new AsyncDisposableStack()
  // `talaria kanban watch | head` has seen enough when `head` has.
  process.stdout.on('error', () => process.exit(0))
  return await runKanbanCommand(words, {
    databases,
    clock,
    actor: 'cli',
    user: userInfo().username,
    write: (output) => void process.stdout.write(output),
    writeError: (output) => void process.stderr.write(output),
    signal: interrupt.signal,
    isTerminal: process.stdout.isTTY && process.stdout.hasColors(),
    isAdmin: true,
    canFollow: true,
    readInput: () => text(process.stdin),
    isDispatcherRunning: () => kanbanClient(config).isRunning(),
    async planner() {
      const { openPlanner } = await import('@talaria/kanban/planner')
      return opened.use(openPlanner(config.settings, config.kanban, { clock, log: silentLog }))
    },
  })
}

/** Ctrl-C ends what follows, and closes what is open. */
function onInterrupt(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const abort = () => controller.abort(new Error('interrupted'))
  process.once('SIGINT', abort)
  return { signal: controller.signal, [Symbol.dispose]: () => void process.off('SIGINT', abort) }
}
