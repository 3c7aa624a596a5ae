import { globSync } from 'node:fs'
import { dirname } from 'node:path'

/** The folders of the workspace that hold a package, relative to its root: `apps/cli`, `packages/core`, `test`, … */
export function packageFolders(root: string): readonly string[] {
  return globSync(['{apps,packages}/*/package.json', '{bench,scripts,test}/package.json'], { cwd: root }).map(dirname).toSorted()
}

/** The name of a package's tests for `vitest --project`: an app is not confused with the service that it runs. */
export function testProjectOf(folder: string): string {
  return folder.startsWith('apps/') ? `${folder.slice('apps/'.length)}-app` : folder.replace('packages/', '')
}
