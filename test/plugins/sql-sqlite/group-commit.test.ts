import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { SqlStep } from '../../../kernel/ports/sql/index.ts'
import { openDatabase } from '../../../plugins/sql-sqlite/database.ts'
import { GroupCommit } from '../../../plugins/sql-sqlite/group-commit.ts'
import { folder } from './connection.ts'

function make(t: ExecutionContext) {
  const database = openDatabase({ file: join(folder(t), 'group.db'), busyTimeoutMs: 20, synchronous: 'full', cacheSizeBytes: 1_048_576 })
  t.teardown(() => database.close())
  database.exec('create table items (id text primary key, n integer not null, mail text); create unique index "items_mail" on items (mail)')
  return { database, commits: new GroupCommit(database), ids: () => database.prepare<[], { id: string }>('select id from items order by id').all().map((row) => row.id) }
}

const insert = (id: string, mail: string | null = null): SqlStep => ({ sql: 'insert into items values (?, 0, ?)', params: [id, mail] })
const addOne = (expect: number): SqlStep => ({ sql: 'update items set n = n + 1', params: [], expect })

test('one refused program among many takes only itself out of the transaction', (t) => {
  const { commits, ids } = make(t)

  const outcomes = commits.run([[insert('a')], [insert('b'), insert('a')], [insert('c', 'm')], [insert('d', 'm')], [insert('e'), addOne(99)], [insert('f'), insert('g')]])

  t.deepEqual(outcomes, [1, ['unique', 1, 'primary'], 1, ['unique', 0, 'items_mail'], ['count', 1], [1, 1]])
  t.deepEqual(ids(), ['a', 'c', 'f', 'g'])
})

test('a single statement that changed more rows than it may is undone, and those beside it stay', (t) => {
  const { commits, database, ids } = make(t)
  commits.run([[insert('a'), insert('b')]])

  const outcomes = commits.run([[insert('c')], [addOne(1)], [insert('d')]])

  t.deepEqual(outcomes, [1, ['count', 0], 1])
  t.deepEqual(ids(), ['a', 'b', 'c', 'd'])
  t.is(database.prepare('select sum(n) as n from items').pluck().get(), 0)
})

test('a program alone in its transaction is refused without a trace', (t) => {
  const { commits, database, ids } = make(t)

  t.deepEqual(commits.run([[insert('a'), addOne(5)]]), [['count', 1]])

  t.false(database.inTransaction)
  t.deepEqual(ids(), [])
})

test('a value that SQLite cannot take fails its own program', (t) => {
  const { commits, ids } = make(t)
  const wrong: SqlStep = { sql: 'insert into items values (?, 0, ?)', params: ['x', true as unknown as string] }

  const outcomes = commits.run([[insert('a')], [wrong], [insert('b'), wrong], [insert('c')]])

  t.deepEqual(outcomes.map((outcome) => (Array.isArray(outcome) ? (outcome as string[]).slice(0, 2) : outcome)), [1, ['fault', 'failed'], ['fault', 'failed'], 1])
  t.deepEqual(ids(), ['a', 'c'])
})

test('a unique index that was made after the first refusal is named too', (t) => {
  const { commits } = make(t)
  commits.run([[insert('a', 'm')], [insert('b', 'm')]])

  commits.define(['create unique index items_n on items (n)'])

  t.deepEqual(commits.run([[insert('c')]]), [['unique', 0, 'items_n']])
})

test('without room, what fits is committed and what does not is told so', (t) => {
  const { commits, database, ids } = make(t)
  database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true })) + 2}`)

  const outcomes = commits.run([[insert('a')], [insert('big', 'x'.repeat(100_000))], [insert('b'), insert('big2', 'y'.repeat(100_000))], [insert('c')]])

  t.deepEqual(outcomes.map((outcome) => (Array.isArray(outcome) ? (outcome as string[]).slice(0, 2) : outcome)), [1, ['fault', 'full'], ['fault', 'full'], 1])
  t.deepEqual(ids(), ['a', 'c'])

  database.pragma('max_page_count = 100000')
  t.deepEqual(commits.run([[insert('big', 'x'.repeat(100_000))]]), [1])
})

test('while another process writes, the whole group is busy and nothing of it runs', (t) => {
  const { commits, database, ids } = make(t)
  const other = openDatabase({ file: database.name, busyTimeoutMs: 0, synchronous: 'full', cacheSizeBytes: 1_048_576 })
  other.exec('begin immediate')

  const outcomes = commits.run([[insert('a')], [insert('b')]])
  other.close()

  t.deepEqual(outcomes.map((outcome) => (Array.isArray(outcome) ? (outcome as string[])[1] : outcome)), ['busy', 'busy'])
  t.deepEqual(ids(), [])
})
