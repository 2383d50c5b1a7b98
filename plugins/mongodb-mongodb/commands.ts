import type { Call } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/mongodb/index.ts'
import { DeadlinePassed, isUnreachable, Sending, toDatabaseError } from './faults.ts'

/** So many commands may wait for a connection beyond those that have one. */
const waitingAtMost = 10_000
/** The longest that a timer, and `maxTimeMS`, can be. */
const longestMs = 2 ** 31 - 1

/** Who is told of commands that may tell something of the servers. */
export interface Witness {
  /** No server was found. */
  unreachable(): void
  /** The deadline passed, whatever it waited for. */
  late(): void
}

/** What goes with every command: the end of the call, here and at the server. */
export interface Limits {
  readonly signal: AbortSignal
  readonly maxTimeMS: number
}

/** What goes with a command that changes something. */
export interface WriteLimits extends Limits {
  readonly comment: Sending
}

/**
 * Sends commands: each ends with its call's deadline, its errors are the port's, and no more wait than fit. The SDK's own
 * `timeoutMS` does nothing (7.8); an aborted command closes its connection, so a late answer meets nobody.
 */
export class Commands {
  readonly connection: string
  readonly #acquireTimeoutMs: number
  readonly #most: number
  readonly #witness: Witness
  #running = 0

  constructor(connection: string, settings: { readonly acquireTimeoutMs: number; readonly maxConnections: number }, witness: Witness) {
    this.connection = connection
    this.#acquireTimeoutMs = settings.acquireTimeoutMs
    this.#most = settings.maxConnections + waitingAtMost
    this.#witness = witness
  }

  /** Of what changes nothing by itself: a read, or a command within a transaction. */
  read<T>(call: Call, send: (limits: Limits) => Promise<T>): Promise<T> {
    return this.#run(call, undefined, send)
  }

  /** @throws DATABASE_OUTCOME_UNKNOWN when it was sent, and its answer did not come. */
  write<T>(call: Call, send: (limits: WriteLimits) => Promise<T>): Promise<T> {
    const sending = new Sending()
    return this.#run(call, sending, (limits) => send({ ...limits, comment: sending }))
  }

  async #run<T>(call: Call, sending: Sending | undefined, send: (limits: Limits) => Promise<T>): Promise<T> {
    const remainingMs = Math.min(Math.ceil(call.remainingMs()), longestMs)
    if (remainingMs <= 0 || this.#running >= this.#most) throw databaseError(this.connection, 'busy', '')

    // Not the call's own signal: that of a caller who went away would close a connection for nothing.
    const ending = new AbortController()
    const timer = setTimeout(() => ending.abort(new DeadlinePassed()), remainingMs)
    this.#running++
    try {
      return await send({ signal: ending.signal, maxTimeMS: remainingMs })
    } catch (error) {
      if (isUnreachable(error)) this.#witness.unreachable()
      else if (error instanceof DeadlinePassed) this.#witness.late()
      throw toDatabaseError(error, { connection: this.connection, acquireTimeoutMs: this.#acquireTimeoutMs, sending })
    } finally {
      this.#running--
      clearTimeout(timer)
    }
  }
}
