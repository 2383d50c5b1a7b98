/** Wake-ups within this process. */
export class Signals {
  readonly #listeners = new Map<string, Set<() => void>>()

  send(name: string): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener()
  }

  /** Answers how to stop listening. */
  on(name: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name)
    }
  }
}
