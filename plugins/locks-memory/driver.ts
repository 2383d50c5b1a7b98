import type { Clock } from '../../kernel/plugin.ts'
import { type LockAnswer, lockError, type LocksDriver, type LockWanted } from '../../kernel/ports/locks/index.ts'
import { Signals } from '../../kernel/ports/sql/index.ts'

interface Settings {
  readonly binding: string
  readonly clock: Clock
  readonly maxLocks: number
}

interface Held {
  readonly token: string
  readonly fencingToken: number
  readonly untilMs: number
}

/** Names of which it is kept who released them last: for a repeat, which comes soon. */
const maxEnded = 10_000

/** Locks of one process. One count of fencing tokens serves all names, so that nothing need be kept of a name that nobody holds. */
export class MemoryLocks implements LocksDriver {
  readonly wakesReach = 'everyone'
  readonly #binding: string
  readonly #clock: Clock
  readonly #maxLocks: number
  readonly #held = new Map<string, Held>()
  /** Name → the token that released it last, the latest last. */
  readonly #ended = new Map<string, string>()
  readonly #signals = new Signals()
  /** The last fencing token. */
  #last = 0

  constructor({ binding, clock, maxLocks }: Settings) {
    this.#binding = binding
    this.#clock = clock
    this.#maxLocks = maxLocks
  }

  async acquire(wanted: LockWanted): Promise<LockAnswer> {
    const found = this.#look(wanted)
    if (!('heldForMs' in found) || found.heldForMs > 0) return found

    const { name, token, ttlMs } = wanted
    const nowMs = this.#clock.now()
    if (!this.#held.has(name) && this.#held.size >= this.#maxLocks) this.#makeRoom(nowMs)
    // No less than the time in microseconds: so that it grows also from one process to the next.
    this.#last = Math.max(this.#last + 1, nowMs * 1_000)
    const fencingToken = this.#last
    this.#held.set(name, { token, fencingToken, untilMs: nowMs + ttlMs })
    return { fencingToken }
  }

  async look(wanted: LockWanted): Promise<LockAnswer> {
    return this.#look(wanted)
  }

  async renew({ name, token, ttlMs }: LockWanted): Promise<number | undefined> {
    const held = this.#live(name, token)
    if (!held) return undefined
    this.#held.set(name, { ...held, untilMs: this.#clock.now() + ttlMs })
    return held.fencingToken
  }

  async release({ name, token }: Pick<LockWanted, 'name' | 'token'>): Promise<boolean> {
    if (!this.#live(name, token)) return this.#ended.get(name) === token
    this.#held.delete(name)
    this.#ended.delete(name)
    this.#ended.set(name, token)
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= maxEnded) break
      this.#ended.delete(oldest)
    }
    this.#signals.send(name)
    return true
  }

  onWake(name: string, listener: () => void): () => void {
    return this.#signals.on(name, listener)
  }

  #look({ name, token }: LockWanted): LockAnswer {
    const held = this.#held.get(name)
    const leftMs = Math.max(0, (held?.untilMs ?? 0) - this.#clock.now())
    if (held?.token === token && leftMs > 0) return { fencingToken: held.fencingToken, leftMs }
    return this.#ended.get(name) === token ? { released: true } : { heldForMs: leftMs }
  }

  #live(name: string, token: string): Held | undefined {
    const held = this.#held.get(name)
    return held?.token === token && held.untilMs > this.#clock.now() ? held : undefined
  }

  /** Forgets what ran out. @throws LOCK_FULL when that is nothing. */
  #makeRoom(nowMs: number): void {
    for (const [name, { untilMs }] of this.#held) if (untilMs <= nowMs) this.#held.delete(name)
    if (this.#held.size >= this.#maxLocks) throw lockError('LOCK_FULL', { binding: this.#binding, max: this.#maxLocks })
  }
}
