import type { Call } from '../call.ts'
import { kernelError } from '../errors.ts'

/** Why the connection refused a batch: the step that failed, and how. */
export interface Refusal {
  /** Index of the refused step in the batch. */
  readonly step: number
  /** `count`: the step changed another number of rows than it demands · `unique`: a unique index refused it. */
  readonly reason: 'count' | 'unique'
  /** The unique index, where the backend tells. */
  readonly index?: string
}

/** What commits a batch of steps, all or nothing; one per connection, compared by identity. */
export interface Commits<Step> {
  /** Answers when the batch is durable, or says which step was refused and that nothing was applied. */
  commit(steps: readonly Step[], call: Call): Promise<Refusal | undefined>
}

/** One binding's part of a unit: what it staged. */
export interface Stage<Step> {
  readonly binding: string
  /** The staged entries as steps of the connection; asked once for each attempt to commit. */
  steps(call: Call): readonly Step[] | Promise<readonly Step[]>
  /** The error that a refusal of one of these steps means to the caller; `step` counts within this stage. */
  refused(refusal: Refusal, call: Call): Error | Promise<Error>
  /** Told once the batch is durable. */
  committed?(): void
}

/** An explicit value that several bindings on one connection stage entries in; see DESIGN 5. */
export interface Unit {
  /**
   * The stage of `binding` in this unit, made at its first use.
   * @throws UNIT_OF_WORK_FOREIGN when an earlier binding of the unit stands on another connection.
   * @throws UNIT_OF_WORK_ENDED after `commit`.
   */
  join<Step, T extends Stage<Step>>(commits: Commits<Step>, binding: string, make: () => T): T
}

/** A unit in the hands of whoever ends it. */
export interface OpenUnit extends Unit {
  /**
   * Checks every noted version and condition, and applies all entries or none, in the order the bindings joined.
   * Durable when answered. A second commit is refused.
   */
  commit(call: Call): Promise<void>
}

/** Makes an empty unit of work. */
export function makeUnit(): OpenUnit {
  const stages = new Map<string, Stage<unknown>>()
  let connection: Commits<unknown> | undefined
  let ended = false

  return {
    join<Step, T extends Stage<Step>>(commits: Commits<Step>, binding: string, make: () => T): T {
      if (ended) throw kernelError('UNIT_OF_WORK_ENDED', { binding })
      connection ??= commits as Commits<unknown>
      if (connection !== (commits as Commits<unknown>)) {
        throw kernelError('UNIT_OF_WORK_FOREIGN', { binding, first: stages.keys().next().value ?? '' })
      }

      let stage = stages.get(binding)
      if (!stage) stages.set(binding, (stage = make() as Stage<unknown>))
      // The stage was made by this binding's own `make`, so it is its T.
      return stage as T
    },

    async commit(call) {
      if (ended) throw kernelError('UNIT_OF_WORK_ENDED', { binding: stages.keys().next().value ?? 'commit' })
      ended = true
      if (!connection) return

      const parts = []
      for (const stage of stages.values()) parts.push({ stage, steps: await stage.steps(call) })

      const refusal = await connection.commit(parts.flatMap((part) => part.steps), call)
      if (refusal) throw await blame(parts, refusal, call)
      for (const stage of stages.values()) stage.committed?.()
    },
  }
}

async function blame(parts: readonly { stage: Stage<unknown>; steps: readonly unknown[] }[], refusal: Refusal, call: Call): Promise<Error> {
  let step = refusal.step
  for (const part of parts) {
    if (step < part.steps.length) return part.stage.refused({ ...refusal, step }, call)
    step -= part.steps.length
  }
  throw new RangeError(`step ${refusal.step} is in no stage`)
}
