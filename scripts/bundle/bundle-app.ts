import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'rolldown'
import { cachedEntries, entryOf } from './cached-entries.ts'
import { fileUrls } from './file-urls.ts'
import { copyNativePackage, NATIVE_PACKAGES } from './native-packages.ts'
import { noticesOf } from './notices.ts'

// Libraries try these and do without them.
const OPTIONAL_PACKAGES = ['zlib-sync']

/** A bundle that was made: where it is, and what is in it. */
export interface Bundle {
  readonly folder: string
  /** The files that Node can be started with. */
  readonly entries: readonly string[]
  readonly nativePackages: readonly string[]
}

/**
 * Makes `apps/NAME/dist`: all that the app needs to run from any folder with nothing but a Node, started by
 * `node main.mjs`. Every `src/*main.ts` of the app becomes an entry. Not minified, so that a stack trace can be read.
 */
export async function bundleApp(root: string, name: string): Promise<Bundle> {
  const app = join(root, 'apps', name)
  const folder = join(app, 'dist')
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string; license: string }
  const mains = globSync('src/*main.ts', { cwd: app })
  if (mains.length === 0) throw new Error(`apps/${name} has no src/main.ts: there is nothing to bundle.`)
  rmSync(folder, { recursive: true, force: true })
  const { output } = await build({
    cwd: app,
    input: Object.fromEntries(mains.map((main) => [basename(main, '.ts'), entryOf(join(app, main))])),
    platform: 'node',
    external: [...Object.keys(NATIVE_PACKAGES), ...OPTIONAL_PACKAGES],
    transform: { define: { TALARIA_VERSION: JSON.stringify(version) } },
    plugins: [cachedEntries(), fileUrls(entryOf)],
    output: {
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].mjs',
      chunkFileNames: 'chunks/[name]-[hash].mjs',
      assetFileNames: 'assets/[name]-[hash][extname]',
    },
  })
  const chunks = output.filter((file) => file.type === 'chunk')
  const nativePackages = Object.keys(NATIVE_PACKAGES).filter((native) => chunks.some((chunk) => chunk.imports.includes(native)))
  mkdirSync(folder, { recursive: true })
  for (const native of nativePackages) copyNativePackage(root, native, folder)
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), noticesOf(chunks.flatMap((chunk) => chunk.moduleIds)))
  writeFileSync(
    join(folder, 'package.json'),
    `${JSON.stringify({ name: `talaria-${name}`, version, private: true, license, type: 'module', engines: { node: '>=24' } }, null, 2)}\n`,
  )
  return { folder, entries: chunks.filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName), nativePackages }
}
