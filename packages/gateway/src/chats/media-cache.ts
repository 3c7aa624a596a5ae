import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createId, type Clock } from '@talaria/core'
import type { InboundAttachment } from './inbound-message.ts'

/** What people sent is not ours to keep: the agent has seen it, the chat still has it. */
const KEPT_MS = 24 * 3_600_000

const FOLDERS = { image: 'images', audio: 'audio', voice: 'audio', video: 'videos', document: 'documents' } as const satisfies Record<
  InboundAttachment['kind'],
  string
>

/** Files that came with messages, below one folder, for a day. */
export class MediaCache {
  readonly #folder: string
  readonly #clock: Clock

  /** `folder` is made when the first file comes. */
  constructor(folder: string, clock: Clock) {
    this.#folder = folder
    this.#clock = clock
  }

  /** Keeps a file and resolves with where; whatever it is called, it lies in the cache. */
  async keep({ kind, name }: Pick<InboundAttachment, 'kind' | 'name'>, bytes: Uint8Array): Promise<string> {
    const folder = join(this.#folder, FOLDERS[kind])
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, `${createId('file', this.#clock.now())}-${safeName(name ?? kind)}`)
    // Never over another file, and not through a link that somebody laid.
    await writeFile(path, bytes, { flag: 'wx', mode: 0o600 })
    return path
  }

  /** Removes what is older than a day; how many files. */
  async clean(): Promise<number> {
    let removed = 0
    for (const folder of new Set(Object.values(FOLDERS))) {
      const names = await readdir(join(this.#folder, folder)).catch(() => [])
      for (const name of names) {
        const path = join(this.#folder, folder, name)
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }))
        if (this.#clock.now() - mtimeMs < KEPT_MS) continue
        await rm(path, { force: true })
        removed += 1
      }
    }
    return removed
  }
}

/** A name that is one: no way up or into folders, nothing hidden, nothing that a terminal or a prompt would act on. */
export function safeName(name: string): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const plain = last.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^[. ]+/, '')
  const dot = plain.lastIndexOf('.')
  const extension = dot > 0 && plain.length - dot <= 12 ? plain.slice(dot) : ''
  return plain.slice(0, plain.length - extension.length).slice(0, 80) + extension || 'file'
}
