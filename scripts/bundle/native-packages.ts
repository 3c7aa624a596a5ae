import { cpSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

interface NativePackage {
  /** The package of ours that depends on it. */
  readonly importer: string
  /** What it needs of its folder. */
  readonly parts: readonly string[]
}

/**
 * Packages with native code, which no bundle can hold. better-sqlite3 looks for `../prebuilds/<platform>.node` from its
 * own `lib`, so that it finds them in a copy as well; all eight platforms are 17 MB, for which a bundle starts anywhere.
 */
export const NATIVE_PACKAGES: Readonly<Record<string, NativePackage>> = {
  'better-sqlite3': { importer: 'packages/db', parts: ['package.json', 'LICENSE', 'lib', 'prebuilds'] },
}

/** Copies a native package of the repository at `root` into the `node_modules` of the folder `target`. */
export function copyNativePackage(root: string, name: string, target: string): void {
  const { importer, parts } = NATIVE_PACKAGES[name] ?? {}
  if (!importer || !parts) throw new Error(`${name} is not a native package: see NATIVE_PACKAGES.`)
  const source = dirname(createRequire(join(root, importer, 'package.json')).resolve(`${name}/package.json`))
  const copy = join(target, 'node_modules', name)
  mkdirSync(copy, { recursive: true })
  for (const part of parts) cpSync(join(source, part), join(copy, part), { recursive: true })
}
