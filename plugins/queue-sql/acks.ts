import { type Acked, Gathered } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'
import { acksAtOnce, type Statements } from './statements.ts'

/**
 * Acknowledgements of one turn as one program: a worker that ends a batch pays for one commit, and for one statement a lease.
 * Every verb is still judged by its own token: true when it ended the lease; false also where others of the same lease were
 * refused in the same statement, so that what became of it is to be read.
 */
export function gatherAcks(connection: SqlConnection, statements: Statements): Gathered<Acked, boolean> {
  return new Gathered(async (all, call) => {
    const groups = groupsOf(all)
    const counts = await connection.execute(groups.map((group) => stepOf(statements, group.map((at) => all[at]).filter((done) => done !== undefined))), call)
    const live: boolean[] = []
    for (const [at, group] of groups.entries()) for (const index of group) live[index] = counts[at] === group.length
    return live
  })
}

/** What `ackMany` calls the values of each of its jobs. */
const names = Array.from({ length: acksAtOnce }, (_, at) => ({ id: `id${at}`, result: `result${at}` }))

/** Which of them one statement ends: jobs of one lease, each once. */
function groupsOf(all: readonly Acked[]): readonly (readonly number[])[] {
  const open = new Map<string, Map<string, number>>()
  const groups: Map<string, number>[] = []
  for (const [at, { token, id, queue, keepMs }] of all.entries()) {
    const name = `${token} ${keepMs} ${queue}`
    let group = open.get(name)
    // The same ack twice in one turn is two statements: the second finds the job done.
    if (!group || group.has(id) || group.size === acksAtOnce) {
      group = new Map()
      open.set(name, group)
      groups.push(group)
    }
    group.set(id, at)
  }
  return groups.map((group) => [...group.values()])
}

function stepOf(statements: Statements, group: readonly Acked[]): SqlStep {
  const [first] = group
  if (!first) throw new RangeError('a group has at least one')
  const { queue, token, keepMs } = first
  if (group.length === 1) return statements.ack({ id: first.id, queue, token, keepMs, result: first.result ?? null })

  const values: Record<string, string | number | null> = { queue, token, keepMs }
  const results = group.some(({ result }) => result !== undefined)
  for (const [at, { id, result }] of names.entries()) {
    const done = group[at] ?? first
    values[id] = done.id
    if (results) values[result] = done.result ?? null
  }
  return (results ? statements.ackManyWith : statements.ackMany)(values)
}
