import type { AddedRow } from '../../kernel/ports/queue/index.ts'
import type { SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'
import { addedColumns, addedValues } from './rows.ts'
import { addedAtOnce, type Statements } from './statements.ts'

/** What `insertMany` calls the values of each of its rows. Made once: to put such a name together takes longer than the value that it names. */
const names = Array.from({ length: addedAtOnce }, (_, at) => [...addedColumns, 'delay' as const].map((column) => [column, `${column}${at}`] as const))

/** Fifty rows by a statement, the rest one by one. */
export function insertsOf(statements: Statements, rows: readonly AddedRow[]): readonly SqlStep[] {
  const steps: SqlStep[] = []
  let at = 0
  for (; rows.length - at >= addedAtOnce; at += addedAtOnce) steps.push({ ...statements.insertMany(manyValues(rows.slice(at, at + addedAtOnce))), expect: addedAtOnce })
  for (const row of rows.slice(at)) steps.push({ ...statements.insert(addedValues(row)), expect: 1, byKey: true })
  return steps
}

function manyValues(rows: readonly AddedRow[]): Record<string, SqlValue> {
  const values: Record<string, SqlValue> = {}
  for (const [at, row] of rows.entries()) {
    const given = addedValues(row)
    for (const [column, name] of names[at] ?? []) values[name] = given[column]
  }
  return values
}
