import type { BoardStores } from '@talaria/db'
import { BoardFeed, type FollowOptions } from './board-feed.ts'

/** One feed for each board that is followed, whoever follows it. */
export class BoardFeeds {
  readonly #feeds = new Map<string, BoardFeed>()

  /** See {@link BoardFeed.follow}. */
  async *follow(slug: string, stores: BoardStores, options: FollowOptions): AsyncGenerator<string | Uint8Array> {
    // Found and joined in one go, so that it does not end between the two.
    yield* this.#feedOf(slug, stores).follow(options)
  }

  #feedOf(slug: string, stores: BoardStores): BoardFeed {
    const known = this.#feeds.get(slug)
    if (known) return known
    const feed = new BoardFeed(stores, () => {
      if (this.#feeds.get(slug) === feed) this.#feeds.delete(slug)
    })
    this.#feeds.set(slug, feed)
    return feed
  }
}
