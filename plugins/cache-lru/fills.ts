import type { CacheFill, CacheFillWant, CacheSelection } from '../../kernel/ports/cache/index.ts'

/** How many fills are kept open; beyond it the first one is closed, and what it loads is not stored. */
const maxFills = 20_000

interface OpenFill {
  readonly token: string
  readonly tags: readonly string[]
  readonly alone: boolean
  readonly endsAtMs: number
}

/** The fills that are open, at most one for each key. */
export class Fills {
  readonly #byKey = new Map<string, OpenFill>()
  #begun = 0

  begin({ key, tags, holdMs, alone }: CacheFillWant, nowMs: number): CacheFill | undefined {
    const open = this.#byKey.get(key)
    if (alone && open?.alone && open.endsAtMs > nowMs) return undefined

    this.#begun += 1
    const fill = { token: String(this.#begun), tags, alone, endsAtMs: nowMs + holdMs }
    // At the end of the line, for the first one in it goes first.
    this.#byKey.delete(key)
    this.#byKey.set(key, fill)
    if (this.#byKey.size > maxFills) this.#closeFirst()
    return fill
  }

  isOpen(key: string, { token }: CacheFill, nowMs: number): boolean {
    const open = this.#byKey.get(key)
    return open?.token === token && open.endsAtMs > nowMs
  }

  close(key: string): void {
    this.#byKey.delete(key)
  }

  closeSelected(selection: CacheSelection): void {
    if ('all' in selection) return this.#byKey.clear()
    for (const [key, { tags }] of this.#byKey) {
      const selected = 'prefix' in selection ? key.startsWith(selection.prefix) : tags.some((tag) => selection.tags.includes(tag))
      if (selected) this.#byKey.delete(key)
    }
  }

  #closeFirst(): void {
    for (const key of this.#byKey.keys()) return this.close(key)
  }
}
