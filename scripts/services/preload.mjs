// Loaded into every service that a launcher of this folder starts, before its main module; services know nothing of it.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { stopWithParent } from '../stop-with-parent.mjs'

// Not NODE_COMPILE_CACHE: whatever an agent runs would inherit it and write there as well.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/talaria'))
// Without a channel this is a child of a service, which inherited the option: its life is the service's business.
if (process.channel) stopWithParent()
