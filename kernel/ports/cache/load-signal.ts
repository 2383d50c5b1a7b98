/** Tells a load that nobody waits for it any more; made when the load asks for it, for most never do. */
export class LoadSignal {
  #controller: AbortController | undefined

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal
  }

  /** False when nobody asked for the signal, and nobody is told. */
  abort(): boolean {
    this.#controller?.abort()
    return this.#controller !== undefined
  }
}
