import type { BoardStores, Claim } from '@talaria/db'
import { readWorkspaceFile } from './workspace-file.ts'

/** Files of a workspace that came of the work. */
export interface Artifacts {
  readonly claim: Claim
  readonly workspace: string
  readonly paths: readonly string[]
}

/** Puts files of a workspace on their task, all or none of them; says what is wrong with those that cannot be. */
export async function attachArtifacts(
  { attachments }: Pick<BoardStores, 'attachments'>,
  { claim, workspace, paths }: Artifacts,
): Promise<{ readonly ids: readonly string[]; readonly names: readonly string[] } | { readonly problems: readonly string[] }> {
  const actor = `worker:${claim.runId}`
  const ids: string[] = []
  const names: string[] = []
  const problems: string[] = []
  for (const path of paths) {
    // One after the other: together they may be larger than memory.
    const file = await readWorkspaceFile(workspace, path)
    if ('problem' in file) problems.push(file.problem)
    else if (problems.length === 0) {
      const { id, name } = await attachments.add(claim.taskNumber, { name: path, bytes: file.bytes, claim }, actor)
      ids.push(id)
      names.push(name)
    }
  }
  if (problems.length === 0) return { ids, names }
  for (const id of ids) await attachments.remove(id, actor)
  return { problems }
}
