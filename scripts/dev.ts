import { dirname } from 'node:path'
import { reloadServices } from './services/reload-services.ts'
import { SERVICES } from './services/services.ts'
import { stopWithParent } from './stop-with-parent.mjs'

// `pnpm dev`: every service from its source, reloaded when that changes.
stopWithParent()
process.exitCode = await reloadServices(SERVICES, { root: dirname(import.meta.dirname), env: process.env }).catch((error: Error) => {
  console.error(error.message)
  return 1
})
