import { ChannelType, type Client } from 'discord.js'

const THREADS: ReadonlySet<ChannelType> = new Set([ChannelType.PublicThread, ChannelType.PrivateThread, ChannelType.AnnouncementThread])
const POSTS: ReadonlySet<ChannelType> = new Set([ChannelType.GuildForum, ChannelType.GuildMedia])
const TEXT: ReadonlySet<ChannelType> = new Set([ChannelType.GuildText, ChannelType.GuildAnnouncement])

/** What we need to know of a channel. */
export interface Channel {
  readonly name?: string
  readonly type: ChannelType
  readonly parentId?: string
}

/** The channels of the servers that we are on, as the client keeps them; what it does not know is asked for. */
export class ChannelDirectory {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** `undefined` where it is gone or closed to us. */
  async find(id: string): Promise<Channel | undefined> {
    const channel = this.#client.channels.cache.get(id) ?? (await this.#client.channels.fetch(id).catch(() => null))
    if (!channel) return undefined
    const name = 'name' in channel ? channel.name : undefined
    const parentId = 'parentId' in channel ? channel.parentId : undefined
    return { type: channel.type, ...(name && { name }), ...(parentId && { parentId }) }
  }
}

/** Whether a channel is a thread, a post of a forum included. */
export const isThread = ({ type }: Channel) => THREADS.has(type)

/** Whether it holds posts only, each a thread. */
export const isForum = ({ type }: Channel) => POSTS.has(type)

/** Whether threads can be begun from its messages. */
export const isText = ({ type }: Channel) => TEXT.has(type)
