import type Database from 'better-sqlite3'

/** No loop of awaited reads, which all run in one turn, holds an old snapshot or holds up a checkpoint for longer. */
const mostReads = 64

/**
 * Lets the reads of one turn of the event loop share a snapshot. A read by itself takes and frees SQLite's shared lock,
 * system calls that cost more than the read; reads that arrive together pay for them once, and a lone one opens nothing.
 * What this process wrote is seen as soon as it is answered, for `end` is called before. What another process wrote to the
 * same file may be seen a turn late (docs/decisions/0028-reads-of-one-turn-share-a-snapshot.md).
 */
export class TurnSnapshot {
  readonly #database: Database.Database
  readonly #begin: Database.Statement<[]>
  readonly #commit: Database.Statement<[]>
  readonly #turnEnds = (): void => {
    this.end()
    this.#reads = 0
  }
  /** In this turn, or since the last `end`. */
  #reads = 0

  constructor(database: Database.Database) {
    this.#database = database
    this.#begin = database.prepare('BEGIN')
    this.#commit = database.prepare('COMMIT')
  }

  /** Called before each read of the handle. */
  join(): void {
    if (this.#reads === mostReads) this.end()
    this.#reads++
    if (this.#reads === 1) setImmediate(this.#turnEnds)
    else if (this.#reads === 2) this.#begin.run()
  }

  /** What is read from now on is what is committed by now; the handle may begin a transaction of its own. */
  end(): void {
    // Some errors of a read end the transaction by themselves.
    if (this.#reads > 1 && this.#database.inTransaction) this.#commit.run()
    if (this.#reads > 1) this.#reads = 1
  }
}
