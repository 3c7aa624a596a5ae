import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import { pinnedNode } from './install.mjs'
import { stopWithParent } from './stop-with-parent.mjs'

/**
 * Runs a TypeScript file of this folder with the pinned Node, passes signals on to it, and ends with its exit code.
 * Neither outlives the other: the file's process has a channel to this one (see stop-with-parent.mjs).
 * @param {string} root
 * @param {string} script
 */
export function runWithPinnedNode(root, script) {
  const child = spawn(pinnedNode(root), [join(root, 'scripts', script), ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))
  stopWithParent()
  child.on('error', (error) => {
    console.error(`The Node of this project did not start (${error.message}). Remove node_modules, then run this again.`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 128 + constants.signals[signal] : 1)))
}
