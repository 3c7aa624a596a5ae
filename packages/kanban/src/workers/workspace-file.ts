import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@talaria/core'
import { MAX_ATTACHMENT_BYTES } from '@talaria/db'
import { isInside } from '../workspaces/contained-path.ts'

/** The real path of a file of a workspace, or a sentence about why it is none: links do not lead out of it. */
export async function findWorkspaceFile(workspace: string, path: string): Promise<{ readonly path: string } | { readonly problem: string }> {
  try {
    const [real, folder] = await Promise.all([realpath(join(workspace, path)), realpath(workspace)])
    return isInside(real, folder) ? { path: real } : { problem: `${path} is not inside the workspace` }
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return { problem: `${path} does not exist` }
    return { problem: `${path} cannot be read (${codeOf(error) ?? 'unknown'})` }
  }
}

/** The bytes of a file of a workspace that is to be attached, or a sentence about why it cannot be. */
export async function readWorkspaceFile(workspace: string, path: string): Promise<{ readonly bytes: Buffer } | { readonly problem: string }> {
  const found = await findWorkspaceFile(workspace, path)
  if ('problem' in found) return found
  try {
    // A pipe of that name would be waited for, and not only by us.
    await using file = await open(found.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    const stat = await file.stat()
    if (!stat.isFile()) return { problem: `${path} is no file` }
    if (stat.size > MAX_ATTACHMENT_BYTES) return { problem: `${path} is larger than ${MAX_ATTACHMENT_BYTES / 1_024 / 1_024} MiB` }
    return { bytes: await file.readFile() }
  } catch (error) {
    return { problem: `${path} cannot be read (${codeOf(error) ?? 'unknown'})` }
  }
}
