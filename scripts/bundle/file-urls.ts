import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Plugin } from 'rolldown'

const FILE_URL = /new URL\(\s*'(\.{1,2}\/[^']+)',\s*import\.meta\.url\s*\)/g
const OTHER_URL = /new URL\((?!import\.meta\.ROLLUP)[^;]*?import\.meta\.url/
const MODULES = new Set(['.ts', '.mjs', '.js'])

/**
 * Bundles every file that a module names by `new URL('./name', import.meta.url)`: a module as an entry of its own, so
 * that it can be run as a child process, anything else as it is. The URL then points at the bundled file. Nothing has to
 * be listed, and a file that is missing fails the build instead of the first run.
 */
export function fileUrls(entryOf: (module: string) => string): Plugin {
  const emitted = new Map<string, string>()
  return {
    name: 'file-urls',
    transform: {
      filter: { code: 'import.meta.url', id: { exclude: /node_modules/ } },
      handler(code, id) {
        const emit = (file: string): string => {
          if (!existsSync(file)) this.error(`${id} names ${file}, which does not exist.`)
          if (!MODULES.has(extname(file))) return this.emitFile({ type: 'asset', name: basename(file), source: readFileSync(file) })
          // Beside the main entry, under a name that can be recognised in a list of processes.
          return this.emitFile({ type: 'chunk', id: entryOf(file), fileName: `${basename(file, extname(file))}.mjs` })
        }
        const result = code.replace(FILE_URL, (_, name: string) => {
          const file = join(dirname(id), name)
          const reference = emitted.get(file) ?? emit(file)
          emitted.set(file, reference)
          return `new URL(import.meta.ROLLUP_FILE_URL_${reference})`
        })
        if (OTHER_URL.test(result))
          this.error(
            `${id} names a file in a way that cannot be followed. Write new URL('./name', import.meta.url): it points at the right file in a bundle, too.`,
          )
        return result
      },
    },
  }
}
