/** Wake-ups by channel within this process. A listener runs in a turn of its own, and many signals in one turn are one. */
export class Signals {
  readonly reach = 'process'
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #sent = new Set<string>()

  send(channel: string): void {
    if (!this.#listeners.has(channel) || this.#sent.has(channel)) return
    if (this.#sent.size === 0) setImmediate(() => this.#deliver())
    this.#sent.add(channel)
  }

  /** For who does not know what was sent meanwhile. */
  sendAll(): void {
    for (const channel of this.#listeners.keys()) this.send(channel)
  }

  on(channel: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, listeners)
    // Each `on` has its own end, also when one listener is given twice.
    const entry = () => listener()
    listeners.add(entry)
    return () => {
      listeners.delete(entry)
      if (listeners.size === 0 && this.#listeners.get(channel) === listeners) this.#listeners.delete(channel)
    }
  }

  #deliver(): void {
    const channels = [...this.#sent]
    this.#sent.clear()
    for (const channel of channels) for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener()
  }
}
