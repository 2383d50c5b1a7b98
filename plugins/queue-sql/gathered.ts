import type { Call } from '../../kernel/plugin.ts'

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
