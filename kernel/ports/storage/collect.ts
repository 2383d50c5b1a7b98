import type { JsonObject } from '../../json.ts'
import type { Row } from './driver.ts'
import { limits } from './limits.ts'

/** A row that answers a query, with what is known of it so far. */
export interface Match {
  readonly row: Row
  readonly value?: JsonObject
  /** Its order key, where it was needed. */
  readonly key?: Uint8Array
}

export interface Collected {
  readonly matches: readonly Match[]
  /** Whether another page follows. */
  readonly more: boolean
}

/** Matches that come in the query's order: full after one more than a page holds. */
export class InOrder {
  readonly #limit: number
  readonly #matches: Match[] = []
  #bytes = 0
  #full = false

  constructor(limit: number) {
    this.#limit = limit
  }

  get full(): boolean {
    return this.#full
  }

  add(match: Match): void {
    if (this.#full) return
    if (this.#matches.length === this.#limit || (this.#matches.length > 0 && this.#bytes + match.row.text.length > limits.pageBytes)) {
      this.#full = true
      return
    }
    this.#matches.push(match)
    this.#bytes += match.row.text.length
  }

  done(): Collected {
    return { matches: this.#matches, more: this.#full }
  }
}

/** Matches in any order: keeps the best page of them, and never much more than 8 MiB. */
export class BestOf {
  readonly #limit: number
  readonly #matches: (Match & { readonly key: Uint8Array })[] = []
  #bytes = 0
  #more = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** True when what comes after `key` cannot stand on the page. */
  isBeyond(key: Uint8Array): boolean {
    const last = this.#matches.at(-1)
    return this.#more && last !== undefined && Buffer.compare(key, last.key) > 0
  }

  add(match: Match & { readonly key: Uint8Array }): void {
    if (this.isBeyond(match.key)) return
    let low = 0
    let high = this.#matches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (Buffer.compare((this.#matches[middle] as { key: Uint8Array }).key, match.key) < 0) low = middle + 1
      else high = middle
    }
    this.#matches.splice(low, 0, match)
    this.#bytes += match.row.text.length
    while (this.#matches.length > this.#limit || (this.#matches.length > 1 && this.#bytes > limits.pageBytes)) {
      this.#bytes -= this.#matches.pop()?.row.text.length ?? 0
      this.#more = true
    }
  }

  done(): Collected {
    return { matches: this.#matches, more: this.#more }
  }
}
