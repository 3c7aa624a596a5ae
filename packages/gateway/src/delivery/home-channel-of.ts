/** The home chat of a platform that its settings name, see `chatSettings`. */
export function homeChannelOf(settings: Readonly<Record<string, unknown>>, platform: string) {
  const chatId = settings[`${platform}HomeChannel`] as string | undefined
  return chatId === undefined ? undefined : { chatId, threadId: (settings[`${platform}HomeChannelThreadId`] as string | undefined) ?? '' }
}
