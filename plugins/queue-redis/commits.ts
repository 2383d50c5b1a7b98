import type { Call, Commits, Refusal } from '../../kernel/plugin.ts'
import type { RedisConnection } from '../../kernel/ports/redis/index.ts'
import { commitScript } from './scripts/commit.ts'

/** A job to add, or a lease to end, as the script reads it. */
export interface RedisStep {
  /** Begins the keys of its binding. */
  readonly base: string
  readonly do: 'add' | 'ack'
  readonly values: readonly string[]
}

/** What commits steps on this connection: one for all of its queues, so that they share a unit of work. */
export function commitsOf(connection: RedisConnection): Commits<RedisStep> {
  const known = committers.get(connection) ?? new Committer(connection)
  committers.set(connection, known)
  return known
}

const committers = new WeakMap<RedisConnection, Committer>()

/** Steps together are one script. */
class Committer implements Commits<RedisStep> {
  readonly #connection: RedisConnection

  constructor(connection: RedisConnection) {
    this.#connection = connection
  }

  async commit(steps: readonly RedisStep[], call: Call): Promise<Refusal | undefined> {
    const [first] = steps
    if (!first) return undefined

    const words: string[] = []
    let { base } = first
    for (const step of steps) {
      if (step.base !== base) words.push('use', (base = step.base))
      words.push(step.do)
      for (const value of step.values) words.push(value)
    }
    const refused = Number(await this.#connection.run(commitScript, [first.base], words, call))
    if (refused === 0) return undefined
    return refused > 0 ? { step: refused - 1, reason: 'unique' } : { step: -refused - 1, reason: 'count' }
  }
}
