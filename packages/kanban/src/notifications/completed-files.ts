import type { BoardEvent, BoardStores } from '@talaria/db'
import type { NotificationFile } from './notification.ts'

/** In all of one notification; chats take little more in one go. */
const LARGEST_BYTES = 50 * 1024 * 1024

/** The files that a completion names as what came of it, as far as they are there still. */
export async function completedFiles(
  { kind, taskNumber, payload }: BoardEvent,
  { attachments }: Pick<BoardStores, 'attachments'>,
): Promise<readonly NotificationFile[]> {
  const names = payload['artifacts']
  if (kind !== 'task.completed' || taskNumber === null || !Array.isArray(names)) return []
  const files: NotificationFile[] = []
  let bytes = 0
  for (const attachment of await attachments.list(taskNumber)) {
    if (!names.includes(attachment.name) || (bytes += attachment.bytes) > LARGEST_BYTES) continue
    files.push({ name: attachment.name, mediaType: attachment.mediaType, bytes: await attachments.read(attachment.id) })
  }
  return files
}
