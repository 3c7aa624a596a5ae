import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE_FOLDER = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/

/** The licences of all packages that these modules come from, as they must go with a copy of their code. */
export function noticesOf(modules: readonly string[]): string {
  const folders = new Set(modules.map((module) => PACKAGE_FOLDER.exec(module)?.[0]).filter((folder) => folder !== undefined))
  return [...folders].map(noticeOf).toSorted().join('\n')
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string; license?: string }
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
  return `${name} ${version} (${license ?? 'see below'})\n\n${file === undefined ? '' : `${readFileSync(join(folder, file), 'utf8').trim()}\n`}`
}
