import type { Call } from '../../call.ts'
import type { AddedRow } from './driver.ts'

interface Waiting<In, Out> {
  readonly one: In
  readonly resolve: (answer: Out) => void
  readonly reject: (error: unknown) => void
}

/** How long the program of many callers may take; each caller's own deadline ends its call before. */
const programMs = 60_000

/** What comes in one turn, done together: many callers pay for one program. */
export class Gathered<In, Out> {
  readonly #run: (all: readonly In[], call: Call) => Promise<readonly (Out | Promise<Out>)[]>
  #waiting: Waiting<In, Out>[] = []

  /** `run` answers one for each, in their order; promises where not all share one fate. */
  constructor(run: (all: readonly In[], call: Call) => Promise<readonly (Out | Promise<Out>)[]>) {
    this.#run = run
  }

  add(one: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => void this.#flush())
      this.#waiting.push({ one, resolve, reject })
    })
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const answers = await this.#run(waiting.map(({ one }) => one), ownCall())
      // As many as were asked for.
      for (const [at, { resolve }] of waiting.entries()) resolve(answers[at] as Out)
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }
}

/** A program of many callers is nobody's call. */
function ownCall(): Call {
  const untilMs = performance.now() + programMs
  return { signal: new AbortController().signal, remainingMs: () => Math.max(0, untilMs - performance.now()), traceId: 'queue-gathered', text: false, degrade: () => {} }
}

/** What one program adds at most for several callers: it is one message, and one commit. */
const maxRows = 1_000
const maxBytes = 4 * 1024 ** 2

/** Jobs that nothing can refuse, of many callers in one turn, by as few programs as they fit into. */
export function gatherAdds(insert: (rows: readonly AddedRow[], call: Call) => Promise<unknown>): Gathered<readonly AddedRow[], undefined> {
  return new Gathered((all, call) => Promise.resolve(programsOf(all).flatMap(({ rows, callers }) => {
    // Callers whose programs are different ones are told apart: one may fail where the other is durable.
    const done = insert(rows, call).then(() => undefined)
    return Array.from({ length: callers }, () => done)
  })))
}

interface Program {
  readonly rows: AddedRow[]
  callers: number
  bytes: number
}

/** Each caller's rows stay together, in the callers' order. */
function programsOf(all: readonly (readonly AddedRow[])[]): readonly Program[] {
  const programs: Program[] = []
  for (const rows of all) {
    const bytes = rows.reduce((sum, { payload }) => sum + payload.length, 0)
    const last = programs.at(-1)
    if (last && last.rows.length + rows.length <= maxRows && last.bytes + bytes <= maxBytes) {
      last.rows.push(...rows)
      last.callers++
      last.bytes += bytes
    } else programs.push({ rows: [...rows], callers: 1, bytes })
  }
  return programs
}
