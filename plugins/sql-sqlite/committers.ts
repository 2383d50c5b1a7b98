import type Database from 'better-sqlite3'
import type { Log } from '../../kernel/plugin.ts'
import type { OpenOptions } from './database.ts'
import { reasonOf } from './faults.ts'
import type { Outcome, Program } from './group-commit.ts'
import { GroupCommit } from './group-commit.ts'
import type { WriterAnswer } from './protocol.ts'
import { Packer } from './protocol.ts'
import { Thread } from './thread.ts'
import type { TurnSnapshot } from './turn-snapshot.ts'
import type { Committer, Writer } from './writer.ts'

/** Commits in a worker thread, which is started with the first program: a start that writes nothing pays nothing. */
export class ThreadCommitter implements Committer {
  readonly thread: Thread
  #packer = new Packer()

  constructor(open: OpenOptions, log: Log, writer: Writer) {
    this.thread = new Thread({ role: 'writer', open }, log, {
      ready: () => {
        this.#packer = new Packer()
        this.thread.rest()
        writer.wake()
      },
      message: (answer) => {
        this.thread.rest()
        writer.answered(answer as WriterAnswer)
      },
      crashed: () => writer.lost(),
    })
  }

  get isReady(): boolean {
    return this.thread.isReady
  }

  start(): void {
    if (this.thread.hasFailed) throw new Error('crashed too often')
    this.thread.start()
  }

  run(programs: readonly Program[]): void {
    this.thread.hold()
    this.thread.post(this.#packer.pack(programs))
  }

  define(statements: readonly string[]): void {
    this.thread.hold()
    this.thread.post({ define: statements })
  }

  close(): Promise<void> {
    return this.thread.close()
  }
}

/** Commits on this thread: what one turn of the event loop submitted is one transaction. */
export class MainCommitter implements Committer {
  readonly isReady = true
  readonly #commits: GroupCommit
  readonly #snapshot: TurnSnapshot
  readonly #writer: Writer

  constructor(database: Database.Database, snapshot: TurnSnapshot, writer: Writer) {
    this.#commits = new GroupCommit(database)
    this.#snapshot = snapshot
    this.#writer = writer
  }

  start(): void {
    // Always ready: the connection has opened its handle.
  }

  run(programs: readonly Program[]): void {
    this.#snapshot.end()
    let outcomes: readonly Outcome[]
    try {
      outcomes = this.#commits.run(programs)
    } catch (error) {
      outcomes = programs.map(() => ['fault', 'outcome-unknown', reasonOf(error)])
    }
    this.#writer.answered(outcomes)
  }

  define(statements: readonly string[]): void {
    this.#snapshot.end()
    this.#writer.answered([this.#commits.define(statements)])
  }

  async close(): Promise<void> {
    // The connection closes the handle.
  }
}
