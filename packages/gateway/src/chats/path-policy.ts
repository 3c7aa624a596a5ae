import { realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, relative, resolve } from 'node:path'

/** Places of the system that are never sent, even where somebody has made one of them a root. */
const DENIED = ['/etc', '/proc', '/sys', '/dev', '/root', '/boot', '/var/log', '/var/lib', '/var/run', '/run']

/** Places of secrets below anybody's home. */
const DENIED_IN_HOME = ['.ssh', '.aws', '.gnupg', '.kube', '.docker', '.config', '.azure', '.gcloud', 'Library/Keychains']

/** Where files may be sent from. */
export interface PathPolicy {
  /** Absolute; a file must be in one of them when all symbolic links are followed. */
  readonly roots: readonly string[]
}

/**
 * The real path of a file that may be sent; `undefined` when it is not there, is no file, or lies elsewhere. A model is told
 * what to write by strangers: what it names is not what its owner wants to give away.
 */
export async function sendablePath(path: string, { roots }: PathPolicy): Promise<string | undefined> {
  if (!isAbsolute(path) || path.includes('\0')) return undefined
  try {
    const real = await realpath(path)
    const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => undefined)))
    const root = realRoots.find((one) => one !== undefined && isWithin(real, one))
    if (root === undefined || isDenied(real, root) || !(await stat(real)).isFile()) return undefined
    return real
  } catch {
    return undefined
  }
}

/** The root itself was chosen by a person: below /root it may be, where the home of one is; what is denied within it stays denied. */
function isDenied(path: string, root: string): boolean {
  const within = (place: string) => isWithin(path, place) && !(place === '/root' && isWithin(root, place))
  if (DENIED.some(within) || DENIED_IN_HOME.some((place) => isWithin(path, resolve(homedir(), place)))) return true
  return DENIED_IN_HOME.some((place) => `${relative(root, path)}/`.startsWith(`${place}/`) || path.includes(`/${place}/`))
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && !way.startsWith('..') && !isAbsolute(way)
}
