/** Which keys carry a tag. It holds only keys of entries that are in the cache, so it is bounded with them. */
export class TagIndex {
  /** What one tag of one entry takes here. */
  static readonly bytesPerTag = 160
  readonly #keysByTag = new Map<string, Set<string>>()

  add(key: string, tags: readonly string[]): void {
    for (const tag of tags) {
      const keys = this.#keysByTag.get(tag)
      if (keys) keys.add(key)
      else this.#keysByTag.set(tag, new Set([key]))
    }
  }

  remove(key: string, tags: readonly string[]): void {
    for (const tag of tags) {
      const keys = this.#keysByTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysByTag.delete(tag)
    }
  }

  /** The keys that carry at least one of the tags, as a list of its own. */
  keys(tags: readonly string[]): readonly string[] {
    return [...new Set(tags.flatMap((tag) => [...(this.#keysByTag.get(tag) ?? [])]))]
  }

  /** How many tags are in use. */
  get size(): number {
    return this.#keysByTag.size
  }
}
