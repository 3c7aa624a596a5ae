import { globSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { bundleApp } from './bundle/bundle-app.ts'

// `pnpm build [app]…`: a bundle for each app, or for these, in apps/NAME/dist.

const root = dirname(import.meta.dirname)
const apps = process.argv.length > 2 ? process.argv.slice(2) : globSync('apps/*/src/main.ts', { cwd: root }).map((main) => basename(dirname(dirname(main))))
for (const app of apps.toSorted()) {
  try {
    console.log(`Bundling ${app} …`)
    const { folder, entries, nativePackages } = await bundleApp(root, app)
    console.log(`  ${relative(root, folder)}: ${entries.join(', ')}${nativePackages.length > 0 ? ` with ${nativePackages.join(', ')}` : ''}`)
    console.log(`  Copy that folder anywhere; it starts with: node ${join('dist', 'main.mjs')}`)
  } catch (error) {
    // rolldown's messages carry stacks of its own.
    console.error(`${app} could not be bundled: ${(error as Error).message.replaceAll(/^ +at .*\n?/gm, '').trim()}`)
    process.exitCode = 1
  }
}
