import type Database from 'better-sqlite3'
import type { Fault, SqlStep } from '../../kernel/ports/sql/index.ts'
import { brokenRule, codeOf, faultOf, isUniqueRefusal, reasonOf } from './faults.ts'
import { Statements } from './statements.ts'
import { UniqueIndexes } from './unique-indexes.ts'

export type Program = readonly SqlStep[]

/** What became of one program: rows changed by each step (one number for one step), or why nothing of it was applied. */
export type Outcome =
  | number
  | readonly number[]
  | readonly ['count', step: number]
  | readonly ['unique', step: number, index: string | undefined]
  | readonly ['rule', step: number, rule: string]
  | readonly ['fault', fault: Fault, reason: string]

/** Thrown inside a group when a program without a savepoint has to be undone. */
class NeedsSavepoints extends Error {}

/**
 * Runs programs that came together as one transaction, each all or nothing by itself, and answers when what it
 * applied is durable: one wait for the disk for all of them.
 */
export class GroupCommit {
  readonly #database: Database.Database
  readonly #statements: Statements
  readonly #uniqueIndexes: UniqueIndexes
  readonly #begin: Database.Statement<[]>
  readonly #commit: Database.Statement<[]>
  readonly #rollback: Database.Statement<[]>
  readonly #savepoint: Database.Statement<[]>
  readonly #release: Database.Statement<[]>
  readonly #undo: Database.Statement<[]>

  constructor(database: Database.Database) {
    this.#database = database
    this.#statements = new Statements(database)
    this.#uniqueIndexes = new UniqueIndexes(database)
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#rollback = database.prepare('ROLLBACK')
    this.#savepoint = database.prepare('SAVEPOINT program')
    this.#release = database.prepare('RELEASE program')
    this.#undo = database.prepare('ROLLBACK TO program')
  }

  /** One outcome for each program, in order. Never throws. */
  run(programs: readonly Program[]): readonly Outcome[] {
    try {
      this.#begin.run()
    } catch (error) {
      return programs.map(() => toFault(error))
    }

    let outcomes: readonly Outcome[]
    try {
      outcomes = this.#apply(programs)
    } catch (error) {
      this.#giveUp()
      if (programs.length === 1) return [toFault(error)]
      return error instanceof NeedsSavepoints ? this.#runGuarded(programs) : this.#runAlone(programs)
    }
    return this.#end(programs, outcomes)
  }

  /** Runs statements that change the structure, each by itself. */
  define(statements: readonly string[]): Outcome {
    try {
      for (const statement of statements) this.#database.exec(statement)
      return 0
    } catch (error) {
      return toFault(error)
    }
  }

  #apply(programs: readonly Program[]): readonly Outcome[] {
    if (programs.length === 1) return programs.map((program) => this.#applyLast(program))
    return programs.map((program) => (program.length === 1 ? this.#applyStep(program) : this.#applyGuarded(program)))
  }

  /** A program that has the transaction to itself: undoing it is undoing the transaction, which `#end` does. */
  #applyLast(program: Program): Outcome {
    try {
      return this.#steps(program)
    } catch (error) {
      return this.#refusalOr(error)
    }
  }

  /** One statement is all or nothing by itself; only when it changed rows, and not as many as it must, is there something to undo. */
  #applyStep(program: Program): Outcome {
    const [step] = program
    if (!step) return []
    try {
      const { changes } = this.#statements.get(step.sql).run(step.params)
      if (step.expect === undefined || step.expect === changes) return changes
      if (changes === 0) return ['count', 0]
    } catch (error) {
      return this.#refusalOr(error)
    }
    throw new NeedsSavepoints()
  }

  #applyGuarded(program: Program): Outcome {
    this.#savepoint.run()
    let outcome: Outcome
    try {
      outcome = this.#steps(program)
    } catch (error) {
      outcome = this.#refusalOr(error)
    }
    if (!applied(outcome)) this.#undo.run()
    this.#release.run()
    return outcome
  }

  #steps(program: Program): Outcome {
    const changed: number[] = []
    for (const { sql, params, expect } of program) {
      try {
        const { changes } = this.#statements.get(sql).run(params)
        if (expect !== undefined && expect !== changes) return ['count', changed.length]
        changed.push(changes)
      } catch (error) {
        const refusal = this.#refusalOf(error, changed.length)
        if (!refusal) throw error
        return refusal
      }
    }
    const [first] = changed
    return changed.length === 1 && first !== undefined ? first : changed
  }

  /** The outcome of a statement that failed; thrown on when SQLite has ended the transaction of everybody for it. */
  #refusalOr(error: unknown): Outcome {
    if (!this.#database.inTransaction) throw error
    return this.#refusalOf(error, 0) ?? toFault(error)
  }

  #refusalOf(error: unknown, step: number): Outcome | undefined {
    if (isUniqueRefusal(error)) return ['unique', step, this.#uniqueIndexes.named(error.message)]
    const rule = brokenRule(error)
    return rule === undefined ? undefined : ['rule', step, rule]
  }

  #end(programs: readonly Program[], outcomes: readonly Outcome[]): readonly Outcome[] {
    if (!outcomes.some(applied)) {
      this.#giveUp()
      return outcomes
    }
    try {
      this.#commit.run()
      return outcomes
    } catch (error) {
      this.#giveUp()
      return this.#notCommitted(programs, outcomes, error)
    }
  }

  /** A full or busy disk, or a broken rule, took nothing, so what fits may still be tried; after another error nobody knows what a crash now would keep. */
  #notCommitted(programs: readonly Program[], outcomes: readonly Outcome[], error: unknown): readonly Outcome[] {
    const fault = faultOf(error)
    // A foreign key that is checked at the end is one program's, and SQLite does not say whose.
    const rule = brokenRule(error)
    if ((fault === 'full' || rule !== undefined) && programs.length > 1) return this.#runAlone(programs)
    const outcome: Outcome = rule !== undefined ? ['rule', 0, rule] : fault === 'full' || fault === 'busy' ? toFault(error) : ['fault', 'outcome-unknown', reasonOf(error)]
    return outcomes.map((one) => (applied(one) ? outcome : one))
  }

  #runAlone(programs: readonly Program[]): readonly Outcome[] {
    return programs.flatMap((program) => this.run([program]))
  }

  #runGuarded(programs: readonly Program[]): readonly Outcome[] {
    try {
      this.#begin.run()
      return this.#end(programs, programs.map((program) => this.#applyGuarded(program)))
    } catch {
      this.#giveUp()
      return this.#runAlone(programs)
    }
  }

  #giveUp(): void {
    if (this.#database.inTransaction) this.#rollback.run()
  }
}

/** True when the program's changes are in the transaction. */
export function applied(outcome: Outcome): outcome is number | readonly number[] {
  return typeof outcome === 'number' || typeof outcome[0] !== 'string'
}

function toFault(error: unknown): Outcome {
  // A value that SQLite cannot take (a RangeError or TypeError) has no code, and is a bug of the caller's.
  return ['fault', codeOf(error) === '' ? 'failed' : faultOf(error), reasonOf(error)]
}
