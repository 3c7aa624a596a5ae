import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The package manager, as npx names it. A version, not a range: what installs and what the lockfile means are those of this one. */
export const PNPM = 'pnpm@12.21.0'
const OLDEST_NODE = 18

/**
 * Installs the packages of the repository at `root` if they are missing or are not those of the lockfile, and says so.
 * Needs no more than Node 18 and npm, and nothing that is not part of them. Ends the process with a sentence that says
 * what to do if it cannot.
 * @param {string} root
 */
export function installWhatIsMissing(root) {
  const version = process.versions.node
  if (Number.parseInt(version, 10) < OLDEST_NODE) {
    fail(`Node ${version} is too old to install Talaria. Get Node ${OLDEST_NODE} or newer (the one that runs Talaria is installed here), then run this again.`)
  }
  if (isInstalled(root)) return
  console.log(`Installing packages with ${PNPM} (once; about half a minute) …`)
  const { status, error } = spawnSync('npx', ['--yes', PNPM, 'install', '--frozen-lockfile'], {
    cwd: root,
    // Without a person to ask, pnpm decides; with one it might stop at a question in the middle of `npm start`.
    env: { ...process.env, CI: 'true' },
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (error) fail(`npx, which comes with npm, did not start (${error.message}). Install npm, then run this again.`)
  if (status !== 0) fail('Installing failed; the reason is above. Check the network and `npm config get registry`, then run this again.')
  if (!existsSync(pinnedNode(root))) fail('The packages are there, but the Node of this project is not. Remove node_modules, then run this again.')
}

/**
 * The Node that runs everything here, installed with the packages, because the machine's own may be too old.
 * @param {string} root
 */
export function pinnedNode(root) {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

// pnpm keeps a copy of the lockfile that it installed from, and writes it last: equal means complete and current.
/** @param {string} root */
function isInstalled(root) {
  const installed = join(root, 'node_modules', '.pnpm', 'lock.yaml')
  return existsSync(pinnedNode(root)) && existsSync(installed) && readFileSync(installed).equals(readFileSync(join(root, 'pnpm-lock.yaml')))
}

/** @param {string} sentence */
function fail(sentence) {
  console.error(sentence)
  process.exit(1)
}
