// `npm start`: on a machine with no more than Node 18 and npm, everything that Talaria has, running.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installWhatIsMissing } from './install.mjs'
import { runWithPinnedNode } from './pinned-run.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
installWhatIsMissing(root)
runWithPinnedNode(root, 'launch.ts')
