import type { SqlConnection, SqlValue, Statement } from '../../../kernel/ports/sql/index.ts'
import { collectionsOf } from '../../../kernel/ports/storage/index.ts'
import { layOut } from '../../../plugins/storage-sql/mapped-checks.ts'
import { termsOf } from '../../../plugins/storage-sql/mapped-conditions.ts'
import { MappedStatements } from '../../../plugins/storage-sql/mapped-statements.ts'
import { parseQuery } from '../../../kernel/ports/storage/query.ts'
import { callWith } from './harness.ts'

/** A table of 20,000 rows, of which few are rare. */
export async function fillTable(connection: SqlConnection): Promise<void> {
  await connection.define((knex) => [
    knex.schema.createTable('many', (table) => {
      table.integer('id').notNullable().primary()
      table.string('status', 20)
      table.integer('seq')
      table.specificType('version', connection.dialect.types.integer).notNullable()
    }),
    knex.schema.alterTable('many', (table) => { table.index(['status'], 'many_status') }),
    knex.schema.alterTable('many', (table) => { table.index(['seq'], 'many_seq') }),
  ], callWith())
  const add = connection.shape<string>((knex, p) => knex('many').insert(Array.from({ length: 200 }, (_, at) => ({ id: p.value(`i${at}`), status: p.value(`s${at}`), seq: p.value(`i${at}`), version: 1 }))))
  for (let from = 0; from < 20_000; from += 200) {
    const ids = Array.from({ length: 200 }, (_, at) => from + at)
    await connection.execute([add(Object.fromEntries(ids.flatMap((id, at): [string, SqlValue][] => [[`i${at}`, id], [`s${at}`, id % 1_000 === 0 ? 'rare' : 'usual']])))], callWith())
  }
}

/** What is asked of the table for a query, from its beginning or from the middle, and the index that should serve it. */
export async function askedOf(connection: SqlConnection): Promise<readonly { readonly statement: Statement; readonly index: string }[]> {
  const collection = collectionsOf({ collections: { many: { table: 'many', id: 'id', version: 'version', columns: { status: 'status', seq: 'seq' }, indexes: ['many_status', 'many_seq'] } } }).get('many')!
  const layout = layOut(collection, collection.mapping!, (await connection.describe('many', callWith()))!, connection.dialect)
  if ('problems' in layout) throw new TypeError(layout.problems.join('\n'))
  const statements = new MappedStatements(connection, layout)
  return [[{ status: 'rare' }, 'many_status'], [{ status: { $in: ['rare', 'other'] } }, 'many_status'], [{ seq: { $gte: 100, $lt: 120 } }, 'many_seq']].flatMap(([where, index]) => {
    const { filter } = parseQuery('test', { where: where as object as Record<string, never> })
    const terms = termsOf(layout, filter.kind === 'and' ? filter.of.filter((one) => 'path' in one) : 'path' in filter ? [filter] : [])
    return [{ terms }, { terms, after: 10_000 }].map((range) => ({ statement: statements.rows(range, 512), index: index as string }))
  })
}
