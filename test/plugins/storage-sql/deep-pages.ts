import type { ExecutionContext } from 'ava'
import { Meters } from '../../../kernel/binding/meters.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { SqlConnection, Statement } from '../../../kernel/ports/sql/index.ts'
import { collectionsOf, everyCollection, type FindInput, keysOf, storage } from '../../../kernel/ports/storage/index.ts'
import { writeCursor } from '../../../kernel/ports/storage/cursor.ts'
import { orderKey } from '../../../kernel/ports/storage/keys.ts'
import { parseQuery } from '../../../kernel/ports/storage/query.ts'
import { SqlStorage } from '../../../plugins/storage-sql/driver.ts'
import { tableOf } from '../../../plugins/storage-sql/table.ts'
import { silentLog } from '../../contract/log.ts'
import { call, callWith } from './harness.ts'

/** What a database did for one statement. */
export interface Executed {
  /** The index it went through. */
  readonly index: string | undefined
  readonly examinedRows: number
}

const collection = 'orders'
export const deepKeys = { collections: { [collection]: { indexes: [['status', '-$createdAt'], ['total', 'status']], unique: [['number']] } } }
const rows = 100_000
const limit = 50
const startMs = Date.UTC(2026, 0, 1)

const record = (n: number) => ({ id: `id${String(n * 7_919 % rows).padStart(6, '0')}`, value: { status: n % 2 ? 'paid' : 'open', total: n % 1_000, number: n }, createdAtMs: startMs + n, updatedAtMs: startMs + n })

/** The collection of `deepKeys`, whose table the manifest's start has made, with 100,000 records. */
export async function fillDeep(connection: SqlConnection): Promise<void> {
  const declared = collectionsOf(deepKeys).get(collection)
  if (!declared) throw new TypeError('it is declared')
  const table = tableOf('storage', declared)
  const columns = ['id', 'value', 'version', 'created_at', 'updated_at', ...table.keys.map((key) => key.column)]
  const atOnce = 500
  const insert = connection.shape<string>((knex, p) => knex(table.name).insert(Array.from({ length: atOnce }, (_, at) => Object.fromEntries(columns.map((column) => [column, p.value(`${column}_${at}`)])))))

  for (let from = 0; from < rows; from += atOnce) {
    const values = Array.from({ length: atOnce }, (_, at) => {
      const one = record(from + at)
      const keys = keysOf(declared, one)
      const cells = [one.id, JSON.stringify(one.value), 'v', one.createdAtMs, one.updatedAtMs, ...table.keys.map(({ index }) => keys[index.at] ?? null)]
      return cells.map((cell, column) => [`${columns[column] ?? ''}_${at}`, cell] as const)
    })
    await connection.execute([insert(Object.fromEntries(values.flat()))], call(60_000))
  }
}

/** Asks for the first page and for one deep in the 100,000, and compares what the database did for each. */
export async function comparePages(t: ExecutionContext, connection: SqlConnection, executed: (statement: Statement) => Promise<Executed>): Promise<void> {
  const asked: Statement[] = []
  const query = connection.query.bind(connection)
  connection.query = (statement, call, hint) => {
    asked.push(statement)
    return query(statement, call, hint)
  }
  t.teardown(() => { connection.query = query })
  const collections = [...everyCollection(deepKeys).values()]
  const meaning = storage.implement?.({
    driver: new SqlStorage(connection, 'storage', collections), keys: deepKeys, binding: 'storage', plugin: 'sql', capabilities: new Set(['units'] as const), clock: systemClock, log: silentLog,
    peer: () => undefined, meters: new Meters('storage', 'storage'), importScript: () => Promise.reject(new Error('there are no scripts')), onClose: (close) => t.teardown(close),
  })
  if (!meaning) throw new TypeError('storage has no meaning')
  const page = async (input: FindInput): Promise<Executed> => {
    asked.length = 0
    t.is((await meaning.find({ limit, ...input }, callWith())).items.length, limit)
    const did = await Promise.all(asked.map(executed))
    t.is(new Set(did.map((one) => one.index)).size, 1)
    return { index: did[0]?.index, examinedRows: did.reduce((sum, one) => sum + one.examinedRows, 0) }
  }

  const indexes = collections.filter(({ name }) => name === collection).map((one) => tableOf('storage', one))[0]?.keys.map((key) => key.indexName) ?? []
  const queries: readonly (readonly [Pick<FindInput, 'where' | 'orderBy'>, string | undefined])[] = [
    [{ where: { status: 'paid' }, orderBy: ['-$createdAt'] }, indexes[0]],
    [{ where: { status: 'paid' }, orderBy: ['$createdAt'] }, indexes[0]],
    [{ where: { total: { $gte: 10 } }, orderBy: ['total', 'status'] }, indexes[1]],
    [{ orderBy: ['-total', '-status'] }, indexes[1]],
    [{ orderBy: ['$id'] }, 'primary'],
    [{ orderBy: ['-$id'] }, 'primary'],
  ]
  for (const [asked, index] of queries) {
    const input = { collection, ...asked }
    const first = await page(input)
    const middle = orderKey(parseQuery('test', input).orderBy, record(rows / 2 + 1), () => { throw new RangeError('too long') })
    const deep = await page({ ...input, after: writeCursor(input, middle) })

    t.deepEqual([first.index, deep.index], [index, index], JSON.stringify(asked))
    t.true(first.examinedRows <= limit + 1, `${JSON.stringify(asked)}: ${first.examinedRows} rows`)
    t.true(deep.examinedRows <= first.examinedRows, `${JSON.stringify(asked)}: ${deep.examinedRows} rows, and ${first.examinedRows} for the first page`)
  }

  asked.length = 0
  t.is((await meaning.find({ collection, where: { number: 77_777 } }, callWith())).items.length, 1)
  const [unique] = await Promise.all(asked.map(executed))
  t.deepEqual(unique, { index: indexes[2], examinedRows: 1 })
}
