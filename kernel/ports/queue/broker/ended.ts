/** What of the latest jobs is remembered. */
const mostIds = 50_000

/**
 * Which messages of a job are over for this process. A broker confirms no acknowledgement, and a message that is sent anew is there beside
 * the old one for a moment: a connection or a broker that is lost just then brings back what was ended here. Such a message
 * is acknowledged and not leased again. Bounded, and of this process alone: it makes doubles rare, and rules none out.
 */
export class Ended {
  /** The revision that a job's message must have at least. */
  readonly #least = new Map<string, number>()

  /** True for a message that was ended here before. */
  has(id: string, revision: number): boolean {
    return revision < (this.#least.get(id) ?? 0)
  }

  /** From now on only this revision and later ones count; `Infinity`: none. */
  from(id: string, revision: number): void {
    if (revision <= (this.#least.get(id) ?? 0)) return
    this.#least.delete(id)
    this.#least.set(id, revision)
    for (const oldest of this.#least.keys()) {
      if (this.#least.size <= mostIds) return
      this.#least.delete(oldest)
    }
  }
}
