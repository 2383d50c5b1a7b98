import type { Call, Refusal } from '../../kernel/plugin.ts'
import type { Fault } from '../../kernel/ports/sql/index.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import type { Outcome, Program } from './group-commit.ts'
import { applied } from './group-commit.ts'
import type { TurnSnapshot } from './turn-snapshot.ts'
import { sizeOf } from './values.ts'

/** How a program is bounded while it waits: beyond it `DATABASE_BUSY` says at once what waiting would say later. */
const mostWaiting = 10_000
const mostWaitingBytes = 64 * 1024 * 1024
/** One transaction takes no more than this, so that its first program does not wait long for its last. */
const mostInGroup = 1_000
const mostInGroupBytes = 8 * 1024 * 1024

/** Where groups are committed: on this thread or in another. One group at a time. */
export interface Committer {
  /** Whether it takes a group now; when not, it calls `wake` once it does. */
  readonly isReady: boolean
  /** Makes it ready sooner or later; throws when it cannot be. */
  start(): void
  /** Answers by `answered` or `lost`, never at once. */
  run(programs: readonly Program[]): void
  define(statements: readonly string[]): void
  close(): Promise<void>
}

interface Waiting {
  readonly program: Program | { readonly define: readonly string[] }
  readonly bytes: number
  readonly call: Call
  /** Cleared once its caller has been answered. */
  answer: ((outcome: Outcome) => void) | undefined
}

/**
 * The queue before the one writer SQLite has. Whatever waits while one group is committed is the next group, so a
 * lone program waits for nobody and a hundred wait for the disk once. Each is answered when it is durable.
 */
export class Writer {
  readonly #connection: string
  readonly #snapshot: Pick<TurnSnapshot, 'end'>
  #committer: Committer | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #inFlight: readonly Waiting[] = []
  #scheduled = false
  #sweep: NodeJS.Timeout | undefined
  #idle: (() => void) | undefined
  #closing = false

  constructor(connection: string, snapshot: Pick<TurnSnapshot, 'end'>) {
    this.#connection = connection
    this.#snapshot = snapshot
  }

  /** Said once, before the first program: the committer tells the writer, so neither can come first. */
  use(committer: Committer): void {
    this.#committer = committer
  }

  /** How many rows each step changed, or which step was refused. */
  async run(program: Program, call: Call): Promise<readonly number[] | Refusal> {
    if (program.length === 0) return []
    const outcome = await this.#submit(program, call)
    if (typeof outcome === 'number') return [outcome]
    if (applied(outcome)) return outcome
    if (outcome[0] === 'fault') throw this.#error(outcome[1], outcome[2])
    if (outcome[0] === 'count') return { step: outcome[1], reason: 'count' }
    if (outcome[0] === 'rule') return { step: outcome[1], reason: 'rule', rule: outcome[2] }
    return outcome[2] === undefined ? { step: outcome[1], reason: 'unique' } : { step: outcome[1], reason: 'unique', index: outcome[2] }
  }

  async define(statements: readonly string[], call: Call): Promise<void> {
    const outcome = await this.#submit({ define: statements }, call)
    if (!applied(outcome) && outcome[0] === 'fault') throw this.#error(outcome[1], outcome[2])
  }

  /** The group in flight is done; `outcomes` in its order. */
  answered(outcomes: readonly Outcome[]): void {
    const group = this.#inFlight
    this.#inFlight = []
    this.#snapshot.end()
    group.forEach((one, at) => settle(one, outcomes[at] ?? ['fault', 'outcome-unknown', 'no answer']))
    this.#flush()
  }

  /** The group in flight may or may not be done; nobody will say. */
  lost(): void {
    this.answered([])
  }

  /** The committer takes groups again, or has given up. */
  wake(): void {
    this.#flush()
  }

  /** Commits what was accepted, and closes the committer. */
  async close(): Promise<void> {
    this.#closing = true
    if (this.#waiting.length > 0 || this.#inFlight.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    clearInterval(this.#sweep)
    await this.#committer?.close()
  }

  #submit(program: Waiting['program'], call: Call): Promise<Outcome> {
    const bytes = 'define' in program ? 0 : sizeOfProgram(program)
    if (this.#closing) throw this.#error('unavailable', 'the connection is closed')
    // However large, a program may wait alone: told to come again, it would be as large then.
    const bulky = this.#waiting.length > 0 && this.#waitingBytes + bytes > mostWaitingBytes
    if (this.#waiting.length >= mostWaiting || bulky) throw this.#error('busy', 'too many programs wait')

    return new Promise((answer) => {
      this.#waiting.push({ program, bytes, call, answer })
      this.#waitingBytes += bytes
      this.#sweep ??= setInterval(() => this.#tick(), 100).unref()
      this.#schedule()
    })
  }

  /** At the end of this turn of the event loop: what other requests of the same turn submit goes along. */
  #schedule(): void {
    if (this.#scheduled || this.#inFlight.length > 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const committer = this.#committer
    if (!committer || this.#inFlight.length > 0) return
    if (this.#waiting.length === 0) return this.#idle?.()

    try {
      committer.start()
    } catch {
      return this.#refuseWaiting('unavailable', 'the writing thread crashed too often')
    }
    if (!committer.isReady) return

    this.#inFlight = this.#takeGroup()
    const [first] = this.#inFlight
    if (!first) return this.#flush()
    if ('define' in first.program) committer.define(first.program.define)
    else committer.run(this.#inFlight.map((one) => one.program as Program))
  }

  /** The next group, in order. A change of structure goes alone; a program past its deadline never runs. */
  #takeGroup(): Waiting[] {
    const group: Waiting[] = []
    let bytes = 0
    let taken = 0
    for (const one of this.#waiting) {
      const late = one.call.remainingMs() <= 0
      const alone = 'define' in one.program
      if (!late && group.length > 0 && (alone || group.length >= mostInGroup || bytes + one.bytes > mostInGroupBytes)) break
      taken++
      if (late) settle(one, ['fault', 'busy', 'the deadline passed before its turn'])
      else group.push(one)
      bytes += late ? 0 : one.bytes
      if (alone && !late) break
    }
    for (const one of this.#waiting.splice(0, taken)) this.#waitingBytes -= one.bytes
    return group
  }

  /** Answers callers whose deadline has passed: what is in flight may still be committed, what waits will not run. */
  #tick(): void {
    if (this.#waiting.length === 0 && this.#inFlight.length === 0) {
      clearInterval(this.#sweep)
      this.#sweep = undefined
      return
    }
    for (const one of this.#inFlight) {
      if (one.answer && one.call.remainingMs() <= 0) settle(one, ['fault', 'outcome-unknown', 'no answer within the deadline'])
    }
    if (!this.#waiting.some((one) => one.call.remainingMs() <= 0)) return
    this.#waiting = this.#waiting.filter((one) => {
      if (one.call.remainingMs() > 0) return true
      this.#waitingBytes -= one.bytes
      settle(one, ['fault', 'busy', 'the deadline passed before its turn'])
      return false
    })
  }

  #refuseWaiting(fault: Fault, reason: string): void {
    for (const one of this.#waiting.splice(0)) settle(one, ['fault', fault, reason])
    this.#waitingBytes = 0
    this.#idle?.()
  }

  #error(fault: Fault, reason: string): Error {
    return databaseError(this.#connection, fault, reason, fault === 'failed' ? undefined : new Error(reason))
  }
}

function settle(one: Waiting, outcome: Outcome): void {
  one.answer?.(outcome)
  one.answer = undefined
}

function sizeOfProgram(program: Program): number {
  let bytes = 0
  for (const step of program) for (const value of step.params) bytes += sizeOf(value)
  return bytes
}
