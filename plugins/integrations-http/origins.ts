import type { Pool } from 'undici'
import { judgedLookup, type AllowsPrivate, type Resolve } from '../../kernel/plugin.ts'
import type { TlsOptions } from './tls.ts'

export interface OriginsParts {
  /** Of baseUrl. */
  readonly own: string
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly tls: TlsOptions
  readonly allowsPrivate: AllowsPrivate
  readonly resolve: Resolve
}

/** A pool of connections for each origin; which origins there are is for the caller to judge. */
export class Origins {
  readonly #parts: OriginsParts
  readonly #pools = new Map<string, Pool>()
  #undici: Promise<typeof import('undici')> | undefined

  constructor(parts: OriginsParts) {
    this.#parts = parts
  }

  /** The pool of an origin that was called before: to wait for a promise costs a call a turn. */
  known(origin: string): Pool | undefined {
    return this.#pools.get(origin)
  }

  /** undici is loaded with the first call: a server that never makes one starts without it. */
  async pool(origin: string): Promise<Pool> {
    const known = this.#pools.get(origin)
    if (known) return known
    const { Pool } = await (this.#undici ??= import('undici'))
    let pool = this.#pools.get(origin)
    if (!pool) this.#pools.set(origin, (pool = this.#open(Pool, origin)))
    return pool
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }

  #open(Opened: typeof Pool, origin: string): Pool {
    const { own, connections, connectTimeoutMs, tls, allowsPrivate, resolve } = this.#parts
    return new Opened(origin, {
      connections,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs, lookup: judgedLookup(resolve, allowsPrivate), ...(origin === own ? tls.own : tls.others) },
      // One call is one connection's: what is cut off ends nobody else's.
      allowH2: false,
      maxHeaderSize: 16_384,
      // `Receiving` has one time limit for the whole call.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }
}
