import { dirname } from 'node:path'
import { launchServices } from './services/launch-services.ts'
import { SERVICES } from './services/services.ts'
import { stopWithParent } from './stop-with-parent.mjs'

// What `npm start` runs once everything is installed: see start.mjs.
stopWithParent()
process.exitCode = await launchServices(SERVICES, { root: dirname(import.meta.dirname), env: process.env }).catch((error: Error) => {
  console.error(error.message)
  return 1
})
