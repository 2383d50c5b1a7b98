import type { Call } from '../../kernel/plugin.ts'
import type { Acked } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'
import { acksAtOnce, type Statements } from './statements.ts'

interface Waiting {
  readonly done: Acked
  readonly resolve: (live: boolean) => void
  readonly reject: (error: unknown) => void
}

/** How long the program of many callers may take; each caller's own deadline ends its call before. */
const programMs = 60_000

/**
 * Acknowledgements of one turn as one program: a worker that ends a batch pays for one commit, and for one statement a lease.
 * Every verb is still judged by its own token.
 */
export class Acks {
  readonly #connection: SqlConnection
  readonly #statements: Statements
  #waiting: Waiting[] = []

  constructor(connection: SqlConnection, statements: Statements) {
    this.#connection = connection
    this.#statements = statements
  }

  /** True when it ended the lease. False also where others of the same lease were refused in the same statement: read what became of it. */
  add(done: Acked): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => void this.#flush())
      this.#waiting.push({ done, resolve, reject })
    })
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    const groups = groupsOf(waiting)
    try {
      const counts = await this.#connection.execute(groups.map((group) => this.#step(group)), ownCall())
      for (const [at, group] of groups.entries()) for (const { resolve } of group) resolve(counts[at] === group.length)
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }

  #step(group: readonly Waiting[]): SqlStep {
    const [first] = group
    if (!first) throw new RangeError('a group has at least one')
    const { queue, token, keepMs } = first.done
    if (group.length === 1) return this.#statements.ack({ id: first.done.id, queue, token, keepMs, result: first.done.result ?? null })

    const values: Record<string, string | number | null> = { queue, token, keepMs }
    const results = group.some(({ done }) => done.result !== undefined)
    for (let at = 0; at < acksAtOnce; at++) {
      const { done } = group[Math.min(at, group.length - 1)] ?? first
      values[`id${at}`] = done.id
      if (results) values[`result${at}`] = done.result ?? null
    }
    return (results ? this.#statements.ackManyWith : this.#statements.ackMany)(values)
  }
}

/** Together what one statement ends: jobs of one lease, each once. */
function groupsOf(waiting: readonly Waiting[]): readonly (readonly Waiting[])[] {
  const open = new Map<string, Map<string, Waiting>>()
  const groups: Map<string, Waiting>[] = []
  for (const one of waiting) {
    const { token, id, queue, keepMs } = one.done
    const name = JSON.stringify([queue, token, keepMs])
    let group = open.get(name)
    // The same ack twice in one turn is two statements: the second finds the job done.
    if (!group || group.has(id) || group.size === acksAtOnce) {
      group = new Map()
      open.set(name, group)
      groups.push(group)
    }
    group.set(id, one)
  }
  return groups.map((group) => [...group.values()])
}

/** A program of many callers is nobody's call. */
function ownCall(): Call {
  const untilMs = performance.now() + programMs
  return { signal: new AbortController().signal, remainingMs: () => Math.max(0, untilMs - performance.now()), traceId: 'queue-acks', text: false, degrade: () => {} }
}
