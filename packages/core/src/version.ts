import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Put in place of its name by the bundler (`define`), because a deployed bundle has no root package.json beside it. */
declare const TALARIA_VERSION: string | undefined

let version: string | undefined

/**
 * The version of this build, as in the root package.json: what the bundler wrote in, or, when running from source, what
 * the file says (read once, on the first call).
 */
export function talariaVersion(): string {
  version ??= typeof TALARIA_VERSION === 'string' ? TALARIA_VERSION : versionAbove(import.meta.dirname)
  return version
}

function versionAbove(folder: string): string {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string }
    // Other manifests, this package's own among them, lie on the way to the root.
    if (manifest.name === 'talaria' && manifest.version) return manifest.version
  } catch {
    // No manifest here, or none that can be read: the root may be further up.
  }
  return folder === dirname(folder) ? 'unknown' : versionAbove(dirname(folder))
}
