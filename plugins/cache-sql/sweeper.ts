import type { Call, Log } from '../../kernel/plugin.ts'
import type { SqlConnection } from '../../kernel/ports/sql/index.ts'
import type { Statements } from './statements.ts'

/** After so many changes, more that is over is taken away than came. */
const sweepEvery = 50
const sweptAtOnce = 100
const sweepMs = 10_000
/** Past these everything is invalidated, and they begin anew. */
const maxMarks = 100_000
const maxLengths = 64

export interface SweeperParts {
  readonly connection: SqlConnection
  readonly statements: Statements
  readonly log: Log
}

interface Floor {
  readonly count: number
  readonly oldestRow: number | null
  readonly oldestFill: number | null
  readonly marks: number
  readonly lengths: number
}

/** Takes away what is over, in the background and in small steps: any replica may, each while it changes things. */
export class Sweeper {
  readonly #parts: SweeperParts
  readonly #giveUp = new AbortController()
  #changes = 0
  #running: Promise<void> | undefined

  constructor(parts: SweeperParts) {
    this.#parts = parts
  }

  /** Something changed: now and then that begins a sweep. */
  note(): void {
    this.#changes += 1
    if (this.#changes % sweepEvery !== 0 || this.#running || this.#giveUp.signal.aborted) return
    this.#running = this.sweep().catch((error: unknown) => {
      this.#parts.log.debug({ err: error }, 'a sweep of the cache was cut short; the next one goes on')
    }).finally(() => { this.#running = undefined })
  }

  async close(): Promise<void> {
    this.#giveUp.abort()
    await this.#running
  }

  async sweep(): Promise<void> {
    const { connection, statements } = this.#parts
    const { signal } = this.#giveUp
    const call: Call = { signal, remainingMs: () => (signal.aborted ? 0 : sweepMs), traceId: 'cache-sweep', text: false, degrade: () => undefined }

    for (const found of [statements.gone, statements.outdated]) {
      for (const { id } of await connection.query<{ id: string }>(found({ limit: sweptAtOnce }), call)) {
        await connection.execute([statements.removeGone({ hash: id }), statements.untagGone({ owner: id })], call)
      }
    }
    for (const { id } of await connection.query<{ id: string }>(statements.over({ limit: sweptAtOnce }), call)) {
      await connection.execute([statements.close({ token: id }), statements.untagGone({ owner: id })], call)
    }
    await this.#forget(call)
  }

  /** A mark says nothing to what was written after it: it goes when all that is older has gone. */
  async #forget(call: Call): Promise<void> {
    const { connection, statements } = this.#parts
    const floor = await connection.queryOne<Floor>(statements.floor({}), call)
    if (!floor) return
    const { hold, raise, markAll, forgetAll, forget } = statements
    if (floor.marks > maxMarks || floor.lengths > maxLengths) await connection.execute([raise({}), markAll({}), forgetAll({})], call)
    else await connection.execute([hold({}), forget({ stamp: Math.min(floor.count, floor.oldestRow ?? Infinity, floor.oldestFill ?? Infinity) })], call)
  }
}
