import type { Plugin } from 'rolldown'

const PREFIX = '\0entry:'

/** The id of the entry that runs `module` (see `cachedEntries`). */
export function entryOf(module: string): string {
  return PREFIX + module
}

/**
 * Makes each entry switch on Node's compile cache before it loads the module that it runs, in a folder beside the
 * bundle: the module's own code would come too late, having been compiled. Where that folder cannot be written to, Node
 * goes on without. Measured with the libraries of the gateway, 245 ms and 87 MB to load become 195 ms and 77 MB.
 */
export function cachedEntries(): Plugin {
  return {
    name: 'cached-entries',
    resolveId: { filter: { id: /^\0entry:/ }, handler: (id) => id },
    load: {
      filter: { id: /^\0entry:/ },
      handler: (id) => `
        import { enableCompileCache } from 'node:module'
        enableCompileCache({ directory: import.meta.dirname + '/.compile-cache', portable: true })
        await import(${JSON.stringify(id.slice(PREFIX.length))})`,
    },
  }
}
