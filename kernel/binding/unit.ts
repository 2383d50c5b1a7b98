import type { Call, Commits, Refusal, Stage, Unit } from '../call.ts'
import { kernelError } from '../errors.ts'

export type { Commits, Refusal, Stage, Unit } from '../call.ts'

/** A unit in the hands of whoever ends it. */
export interface OpenUnit extends Unit {
  /**
   * Checks every noted version and condition, and applies all entries or none, in the order the bindings joined.
   * Durable when answered. A second commit is refused.
   */
  commit(call: Call): Promise<void>
}

interface Part {
  readonly stage: Stage<unknown>
  readonly steps: readonly unknown[]
}

/** Makes an empty unit of work. */
export function makeUnit(): OpenUnit {
  const stages = new Map<string, Stage<unknown>>()
  let connection: Commits<unknown> | undefined
  /** The binding that joined first. */
  let first = 'commit'
  let ended = false
  let committed = false

  return {
    join<Step, T extends Stage<Step>>(commits: Commits<Step>, binding: string, make: () => T): T {
      if (ended) throw kernelError('UNIT_OF_WORK_ENDED', { binding })
      connection ??= commits as Commits<unknown>
      if (connection !== (commits as Commits<unknown>)) {
        throw kernelError('UNIT_OF_WORK_FOREIGN', { binding, first })
      }

      let stage = stages.get(binding)
      if (!stage) {
        if (stages.size === 0) first = binding
        stages.set(binding, (stage = make() as Stage<unknown>))
      }
      // The stage was made by this binding's own `make`, so it is its T.
      return stage as T
    },

    get committed() { return committed },

    async commit(call) {
      if (ended) throw kernelError('UNIT_OF_WORK_ENDED', { binding: first })
      ended = true
      if (!connection) {
        committed = true
        return
      }

      const parts = []
      for (const stage of stages.values()) parts.push({ stage, steps: await stage.steps(call) })
      // Who holds a unit that ended, as an aggregate that it saved does, holds no documents.
      stages.clear()

      const refusal = await commitOn(connection, parts, call)
      if (refusal) throw await blame(parts, refusal, call)
      committed = true
      for (const { stage } of parts) stage.committed?.()
      const settled = settle(parts)
      if (settled) await settled
    },
  }
}

/** The unit in the hands of code that another commits for. */
export function withoutCommit(unit: Unit): Unit {
  return { join: unit.join, get committed() { return unit.committed } }
}

async function commitOn(connection: Commits<unknown>, parts: readonly Part[], call: Call): Promise<Refusal | undefined> {
  try {
    return await connection.commit(parts.flatMap((part) => part.steps), call)
  } catch (error) {
    await settle(parts)
    throw parts[0]?.stage.failed?.(error) ?? error
  }
}

/** Undefined when nobody has anything to do, which costs the usual commit no turn. */
function settle(parts: readonly Part[]): Promise<unknown> | undefined {
  const waits = parts.flatMap(({ stage }) => stage.settled?.() ?? [])
  return waits.length > 0 ? Promise.all(waits) : undefined
}

async function blame(parts: readonly Part[], refusal: Refusal, call: Call): Promise<Error> {
  let step = refusal.step
  for (const part of parts) {
    if (step < part.steps.length) return part.stage.refused({ ...refusal, step }, call)
    step -= part.steps.length
  }
  throw new RangeError(`step ${refusal.step} is in no stage`)
}
