import type { AddedRow } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'
import { Gathered } from './gathered.ts'

/** What one program adds at most: it is one message, and one transaction. */
const maxRows = 1_000
const maxBytes = 4 * 1024 ** 2

/** Jobs that nothing can refuse, of many callers in one turn, as one program. */
export function gatherAdds(connection: SqlConnection, insert: (rows: readonly AddedRow[]) => readonly SqlStep[]): Gathered<readonly AddedRow[], undefined> {
  return new Gathered(async (all, call) => {
    // Callers whose programs are different ones are told apart: one may fail where the other is durable.
    return programsOf(all).flatMap(({ rows, callers }) => {
      const done = connection.execute(insert(rows), call).then(() => undefined)
      return Array.from({ length: callers }, () => done)
    })
  })
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
