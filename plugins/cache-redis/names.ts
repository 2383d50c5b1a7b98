import { hash } from 'node:crypto'
import type { RedisConnection } from '../../kernel/ports/redis/index.ts'

/** The keys of one binding. What a caller wrote is in none of them but as its digest. */
export class Names {
  readonly #base: string
  readonly state: string
  readonly channel: string

  constructor(connection: Pick<RedisConnection, 'prefix'>, binding: string) {
    // The braces keep the binding's keys in one slot.
    this.#base = `${connection.prefix}:{${binding}}:`
    this.state = `${this.#base}state`
    this.channel = `${this.#base}signals`
  }

  row(key: string): string {
    return `${this.#base}row:${digest(key)}`
  }

  fills(key: string): string {
    return `${this.#base}fills:${digest(key)}`
  }
}

/** As the scripts take tags: digests with commas between, or `-`. */
export function tagsText(tags: readonly string[]): string {
  return tags.length === 0 ? '-' : tags.map(digest).join(',')
}

/** Callers choose what they like to collide with: no hash that is broken will do. */
export function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}
