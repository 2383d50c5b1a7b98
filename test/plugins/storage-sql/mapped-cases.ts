import { writeFile } from 'node:fs/promises'
import type { ExecutionContext } from 'ava'
import type { PorticoError } from '../../../kernel/plugin.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { folder } from './harness.ts'
import { legacyTables, type MappedDatabase, orders, startMapped, typesOf } from './mapped-database.ts'

export interface MappedCase {
  readonly title: string
  run(t: ExecutionContext, database: MappedDatabase): Promise<void>
}

const collection = 'orders'

/** What a collection on a table of others keeps, on every SQL database. */
export const mappedCases: readonly MappedCase[] = [
  {
    title: 'a row that another program wrote is a record, and what is written is a row that it reads',
    async run(t, database) {
      await legacyTables(database)
      await database.run(`insert into legacy_orders (order_no, status, seq, amount, paid, customer_email, row_version) values ('o1', 'Open', 3, 12.5, ${database.kind === 'postgres' ? 'true' : '1'}, 'a@b.c', 4)`)
      const storage = await startMapped(t, database)

      t.like(await storage.get({ collection, id: 'o1' }), {
        id: 'o1', version: '4', value: { status: 'Open', seq: 3, amount: 12.5, paid: true, customer: { email: 'a@b.c' } }, createdAt: '1970-01-01T00:00:00.000Z',
      })
      t.is((await storage.put({ collection, id: 'o1', value: { status: 'paid', meta: { a: [1, null] }, customer: { city: 'Łódź' } } })).version, '5')
      const { version } = await storage.insert({ collection, id: 'o2', value: { rate: 0.1, meta: null } })

      const [first, second] = await database.run('select * from legacy_orders order by order_no')
      t.like(first, { status: 'paid', seq: null, customer_email: null, customer_city: 'Łódź', remark: 'none' })
      t.deepEqual(await storage.get({ collection, id: 'o2' }).then(({ value }) => value), { rate: 0.1, meta: null })
      t.is(String(second?.['row_version']), version)
    },
  },
  {
    title: 'what has no column of its own is left as it is, and so is the table',
    async run(t, database) {
      await legacyTables(database)
      const tables = { sqlite: `select tbl_name, sql from sqlite_schema where sql is not null order by name`, postgres: 'select table_name, column_name, data_type from information_schema.columns where table_schema = current_schema() order by 1, 2', mariadb: 'select table_name, column_name, column_type from information_schema.columns where table_schema = database() order by 1, 2' }[database.kind]
      const before = JSON.stringify(await database.run(tables))
      const storage = await startMapped(t, database)

      await storage.insert({ collection, id: 'o1', value: { seq: 1 } })
      await database.run(`update legacy_orders set remark = 'theirs'`)
      await storage.patch({ collection, id: 'o1', patch: { seq: 2 } })

      t.like((await database.run('select * from legacy_orders'))[0], { seq: 2, remark: 'theirs' })
      const after = JSON.stringify((await database.run(tables)).filter((row) => !JSON.stringify(row).includes('storage__0')))
      t.is(after, before)
    },
  },
  {
    title: 'what the table has no place for is refused, with each place',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database)
      const refused = async (value: object, paths: readonly string[]) => {
        const error = await t.throwsAsync<PorticoError>(storage.put({ collection, id: 'o1', value: value as Record<string, never> }), { code: 'STORAGE_VALUE_UNMAPPED' }, JSON.stringify(value))
        t.deepEqual(error?.errors.map(({ path }) => path), paths)
      }

      await refused({ color: 1, status: 5, customer: { name: 'x' } }, ['/value/color', '/value/status', '/value/customer/name'])
      await refused({ status: null, customer: {} }, ['/value/status', '/value/customer'])
      await refused({ seq: 1.5 }, ['/value/seq'])
      await refused({ seq: 2 ** 53 }, ['/value/seq'])
      await refused({ customer: 'x', paid: 1 }, ['/value/customer', '/value/paid'])
      await refused({ status: ['a'], rate: {}, amount: '1' }, ['/value/status', '/value/rate', '/value/amount'])
      if (database.kind !== 'sqlite') {
        await refused({ amount: 0.001, note: 'x'.repeat(11), seq: 2 ** 31 }, ['/value/amount', '/value/note', '/value/seq'])
        await refused({ amount: 1e11 }, ['/value/amount'])
        await t.notThrowsAsync(storage.put({ collection, id: 'o1', value: { amount: 9_999_999_999.99, note: '\u{1f600}'.repeat(10), seq: 2 ** 31 - 1 } }))
      }
      await t.throwsAsync(storage.insert({ collection, value: {}, ttlMs: 5 }), { code: 'STORAGE_VALUE_UNMAPPED' })
      await t.throwsAsync(storage.insert({ collection: 'items', value: { active: true } }), { code: 'STORAGE_VALUE_UNMAPPED' })
      await t.throwsAsync(storage.insert({ collection: 'items', id: '07', value: { active: true } }), { code: 'STORAGE_VALUE_UNMAPPED' })
      await t.throwsAsync(storage.insert({ collection: 'items', id: '7', value: { name: 'x' } }), { code: 'STORAGE_VALUE_UNMAPPED' })
    },
  },
  {
    title: 'a patch takes fields away, and the object that held the last of them',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database)
      await storage.insert({ collection, id: 'o1', value: { status: 'a', customer: { email: 'x', city: 'y' } } })

      await storage.patch({ collection, id: 'o1', patch: { customer: { email: null } } })
      t.deepEqual((await storage.get({ collection, id: 'o1' })).value, { status: 'a', customer: { city: 'y' } })
      t.deepEqual((await storage.patch({ collection, id: 'o1', patch: { customer: { city: null } } })).value, { status: 'a' })
      t.deepEqual((await storage.get({ collection, id: 'o1' })).value, { status: 'a' })
    },
  },
  {
    title: 'an id is itself, whatever the column takes for equal',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database)
      const { version } = await storage.insert({ collection, id: 'abc', value: { seq: 1 } })
      const missing = { code: 'STORAGE_NOT_FOUND' }

      await t.throwsAsync(storage.get({ collection, id: 'ABC' }), missing)
      t.deepEqual((await storage.getMany({ collection, ids: ['ABC', 'abc', 'abc '] })).items.map((item) => item?.id), [undefined, 'abc', undefined])
      await t.throwsAsync(storage.delete({ collection, id: 'ABC' }), missing)
      await t.throwsAsync(storage.delete({ collection, id: 'ABC', ifVersion: version }), { code: 'STORAGE_VERSION_CONFLICT' })
      await t.throwsAsync(storage.patch({ collection, id: 'ABC', patch: { seq: 2 } }), missing)
      await t.throwsAsync(storage.put({ collection, id: 'ABC', value: {} }), { code: 'STORAGE_NOT_UNIQUE', message: /\$id/ })
      t.deepEqual((await storage.find({ collection, where: { $id: { $in: ['ABC', 'abc'] } } })).items.map(({ id }) => id), ['abc'])
      await storage.insert({ collection: 'items', id: '5', value: { active: true } })
      for (const id of ['05', '5.0', ' 5', 'x', '99999999999999999999']) await t.throwsAsync(storage.get({ collection: 'items', id }), missing, id)
      for (const id of ['05', 'x']) await t.throwsAsync(storage.delete({ collection: 'items', id }), missing, id)
    },
  },
  {
    title: 'the table’s own rules hold, and are named',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database)
      await storage.insert({ collection, id: 'o1', value: { customer: { email: 'a' } } })

      await t.throwsAsync(storage.insert({ collection, id: 'o2', value: { customer: { email: 'a' } } }), { code: 'STORAGE_NOT_UNIQUE', message: /customer\.email/ })
      await t.throwsAsync(storage.insert({ collection, id: 'o1', value: {} }), { code: 'STORAGE_ALREADY_EXISTS' })
      await t.throwsAsync(storage.insert({ collection, id: 'o3', value: { seq: -1 } }), { code: 'STORAGE_RULE_BROKEN' })
      await t.throwsAsync(storage.insert({ collection, id: 'o3', value: { customer: { no: 8 } } }), { code: 'STORAGE_RULE_BROKEN' })
      await t.throwsAsync(storage.write({ operations: [{ insert: { collection, id: 'o4', value: {} } }, { patch: { collection, id: 'o1', patch: { customer: { no: 8 } } } }] }), { code: 'STORAGE_RULE_BROKEN' })
      await t.notThrowsAsync(storage.insert({ collection, id: 'o3', value: { customer: { no: 7 } } }))
      t.is((await storage.count({ collection })).count, 2)
    },
  },
  {
    title: 'a rule that is checked at the end of a commit refuses it, and no other',
    async run(t, database) {
      // MariaDB checks every rule at once.
      const late = database.kind === 'mariadb' ? '' : 'deferrable initially deferred'
      await database.run('create table owners (no integer not null primary key)')
      await database.run(`create table owned (id integer not null primary key, owner integer, version bigint not null, foreign key (owner) references owners (no) ${late})`)
      const storage = await startMapped(t, database, { collections: { owned: { table: 'owned', id: 'id', version: 'version', columns: { owner: 'owner' } } } })
      const insert = (id: string, value: { readonly owner?: number }) => storage.insert({ collection: 'owned', id, value })

      const done = await Promise.allSettled([insert('1', {}), insert('2', { owner: 8 }), insert('3', {}), storage.write({ operations: [{ insert: { collection: 'owned', id: '4', value: {} } }, { insert: { collection: 'owned', id: '5', value: { owner: 9 } } }] })])

      t.deepEqual(done.map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as { readonly code: string }).code)), ['done', 'STORAGE_RULE_BROKEN', 'done', 'STORAGE_RULE_BROKEN'])
      t.is((await storage.count({ collection: 'owned' })).count, 2)
    },
  },
  {
    title: 'no change of another program that changes the version is lost',
    async run(t, database) {
      t.timeout(120_000)
      await legacyTables(database)
      const storage = await startMapped(t, database)
      const { version } = await storage.insert({ collection, id: 'o1', value: { seq: 0 } })
      let runs = 0

      await storage.unit(async (unit) => {
        const { value } = await storage.get({ collection, id: 'o1' }, { unit })
        if (runs++ === 0) await database.run('update legacy_orders set seq = seq + 10, row_version = row_version + 1')
        await storage.put({ collection, id: 'o1', value: { seq: Number(value['seq']) + 1 } }, { unit })
      })
      t.is(runs, 2)
      await t.throwsAsync(storage.put({ collection, id: 'o1', value: {}, ifVersion: version }), { code: 'STORAGE_VERSION_CONFLICT' })

      const mine = Array.from({ length: 20 }, () => storage.unit(async (unit) => {
        const { value } = await storage.get({ collection, id: 'o1' }, { unit })
        await storage.put({ collection, id: 'o1', value: { seq: Number(value['seq']) + 1 } }, { unit })
      }))
      const theirs = Array.from({ length: 20 }, () => database.run('update legacy_orders set seq = seq + 1, row_version = row_version + 1'))
      await Promise.all([...mine, ...theirs])
      t.is((await storage.get({ collection, id: 'o1' })).value['seq'], 51)
    },
  },
  {
    title: 'a unit of work covers mapped tables and Portico’s own, and what it read',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database, { collections: { orders, notes: {} } })
      await storage.insert({ collection, id: 'o1', value: { seq: 1 } })

      const results = await storage.write({ operations: [
        { check: { collection, id: 'o9', ifAbsent: true } }, { insert: { collection: 'notes', id: 'n1', value: { a: null } } },
        { patch: { collection, id: 'o1', patch: { seq: 2 } } }, { patch: { collection, id: 'o1', patch: { status: 'x' } } }, { insert: { collection, id: 'o2', value: {} } }, { delete: { collection, id: 'o2' } },
      ] })
      t.is(results.results.length, 6)
      await t.throwsAsync(storage.write({ operations: [{ put: { collection: 'notes', id: 'n1', value: {} } }, { check: { collection, id: 'o1', ifAbsent: true } }] }), { code: 'STORAGE_ALREADY_EXISTS' })
      t.deepEqual((await storage.find({ collection })).items.map(({ id, value }) => [id, value]), [['o1', { status: 'x', seq: 2 }]])

      const insert = { collection, id: 'o3', value: { rate: 5e-324 }, idempotencyKey: 'k1' }
      t.deepEqual(await storage.insert(insert), await storage.insert(insert))
      await storage.unit(async (unit) => {
        await t.throwsAsync(storage.get({ collection, id: 'nobody' }, { unit }), { code: 'STORAGE_NOT_FOUND' })
        await storage.put({ collection, id: 'o1', value: { seq: 9 } }, { unit })
        t.deepEqual((await storage.find({ collection, where: { seq: 9 } }, { unit })).items.map(({ id }) => id), ['o1'])
      })
    },
  },
  {
    title: 'a version does not come back with its id, unless the mapping says that it begins at 1',
    async run(t, database) {
      await legacyTables(database)
      // All in one millisecond.
      const storage = await startMapped(t, database, undefined, new VirtualClock())
      const seen = new Set<string>()
      for (let round = 0; round < 100; round++) {
        const { version } = await storage.insert({ collection, id: 'o1', value: {} })
        seen.add(version).add((await storage.put({ collection, id: 'o1', value: {} })).version)
        await storage.delete({ collection, id: 'o1' })
      }
      t.is(seen.size, 200)

      const small = await startMapped(t, database, { collections: { orders: { ...orders, version: { column: 'row_version', from: 1 } } } })
      t.is((await small.insert({ collection, id: 'o1', value: {} })).version, '1')
      t.is((await small.put({ collection, id: 'o1', value: {} })).version, '2')
    },
  },
  {
    title: 'a query looks at what an index of the table lets through, and at no more than its limit',
    async run(t, database) {
      await legacyTables(database)
      for (let n = 0; n < 60; n++) await database.run('insert into legacy_orders (order_no, status, seq, row_version) values (?, ?, ?, 1)', [`o${n}`, n % 20 === 0 ? 'Rare' : n % 20 === 1 ? 'rare' : 'usual', n])
      const storage = await startMapped(t, database, { collections: { orders: { ...orders, scanLimit: 20 } } })
      const ids = async (where: object, orderBy?: readonly string[]) => (await storage.find({ collection, where: where as Record<string, never>, ...(orderBy && { orderBy }) })).items.map(({ id }) => id)

      t.deepEqual(await ids({ status: 'rare' }, ['-seq']), ['o41', 'o21', 'o1'])
      t.deepEqual(await ids({ status: { $in: ['Rare', 'other', 7] }, seq: { $gt: 10.5 } }), ['o20', 'o40'])
      t.deepEqual(await ids({ seq: { $gte: 5, $lt: 7 } }, ['-$id']), ['o6', 'o5'])
      t.deepEqual(await ids({ seq: { $gt: 57 }, note: { $exists: false } }), ['o58', 'o59'])
      t.deepEqual(await ids({ status: 5 }), [])
      t.deepEqual(await ids({ status: { $exists: false } }), [])
      t.is((await storage.count({ collection })).count, 60)
      for (const where of [{ status: 'usual' }, { note: 'x' }, { status: { $prefix: 'ra' } }, { status: { $lt: 'a' } }, { $or: [{ seq: 1 }, { seq: 2 }] }]) await t.throwsAsync(ids(where), { code: 'STORAGE_NEEDS_INDEX', message: /legacy_orders/ }, JSON.stringify(where))
      await t.throwsAsync(storage.find({ collection, orderBy: ['$createdAt'] }), { code: 'INPUT_INVALID' })
      await t.throwsAsync(storage.count({ collection, where: { $updatedAt: { $gt: '2026-01-01T00:00:00.000Z' } } }), { code: 'INPUT_INVALID' })
    },
  },
  {
    title: 'a walk through many rows meets each once, whatever the columns are called',
    async run(t, database) {
      const { bytes } = typesOf(database)
      const count = 1_500
      await database.run(`create table walk (id integer not null primary key, c0 integer not null unique, version ${bytes} not null unique, c1 bigint not null)`)
      for (let from = 1; from <= count; from += 500) await database.run(`insert into walk values ${Array.from({ length: 500 }, (_, at) => `(${from + at}, ${count - from - at}, 'v${from + at}', 1)`).join(', ')}`)
      const common = { table: 'walk', version: 'c1' }
      const storage = await startMapped(t, database, { collections: {
        numbers: { ...common, id: 'id', columns: { x: 'c0' } }, others: { ...common, id: 'c0', columns: { x: 'id' } }, texts: { ...common, id: 'version', columns: { x: 'id' } },
      } })

      for (const collection of ['numbers', 'others', 'texts']) {
        t.is((await storage.count({ collection, where: { x: { $gte: 0 } } })).count, count, collection)
        const ids: string[] = []
        for (let after: string | undefined; ; ) {
          const { records, next } = await storage.exportRecords({ collection, ...(after !== undefined && { after }) })
          ids.push(...records.map(({ id }) => id))
          if (next === null) break
          after = next
        }
        t.deepEqual([ids.length, new Set(ids).size], [count, count], collection)
        const { items, next } = await storage.find({ collection, where: { x: { $gte: 0 } }, limit: 1_000 })
        const second = await storage.find({ collection, where: { x: { $gte: 0 } }, limit: 1_000, after: next ?? '' })
        t.deepEqual([...items, ...second.items].map(({ id }) => id), ids.sort(), collection)
      }
    },
  },
  {
    title: 'a row that is no record is told as one, and stands in nobody else’s way',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database)
      await storage.insert({ collection, id: 'good', value: { seq: 1 } })
      await storage.insert({ collection: 'items', id: '1', value: { size: '9007199254740993', active: true } })
      await database.run(`insert into legacy_orders (order_no, seq, row_version) values ('_bad', 2, 1)`)
      await database.run(`insert into items (item_no, active, token, made) values (2, ${database.kind === 'postgres' ? 'true' : '1'}, 'with space', 5)`)

      await t.throwsAsync(storage.find({ collection }), { code: 'STORAGE_ROW_UNMAPPED', message: /_bad of legacy_orders/ })
      await t.throwsAsync(storage.get({ collection: 'items', id: '2' }), { code: 'STORAGE_ROW_UNMAPPED', message: /token/ })
      t.is((await storage.find({ collection, where: { seq: 1 } })).items.length, 1)
      t.is((await storage.get({ collection: 'items', id: '1' })).value['size'], '9007199254740993')
    },
  },
  {
    title: 'what is exported comes in again, with the times that have columns',
    async run(t, database) {
      await legacyTables(database)
      const storage = await startMapped(t, database)
      for (let n = 0; n < 30; n++) await storage.insert({ collection: 'items', id: String(n), value: { name: `n${n}`, active: n % 2 === 0 } })
      const { records, next } = await storage.exportRecords({ collection: 'items' })
      t.deepEqual([records.length, next], [30, null])
      const half = await storage.exportRecords({ collection: 'items', after: '14' })
      t.is(half.records.length, 15)
      await t.throwsAsync(storage.exportRecords({ collection: 'items', after: 'x' }), { code: 'STORAGE_BAD_CURSOR' })

      await database.run('delete from items')
      const old = records.map((record) => ({ ...record, createdAt: '2001-02-03T04:05:06.007Z' }))
      t.like(await storage.importRecords({ collection: 'items', records: old }), { added: 30 })
      t.like(await storage.importRecords({ collection: 'items', records: old, resume: true }), { same: 30 })
      t.like(await storage.importRecords({ collection: 'items', records: old.map((record) => ({ ...record, value: { active: true } })), onConflict: 'replace' }), { replaced: 30 })
      t.like(await storage.get({ collection: 'items', id: '3' }), { createdAt: '2001-02-03T04:05:06.007Z', value: { active: true } })
    },
  },
  {
    title: 'migrations make nothing of a mapped table, and steps go over its records',
    async run(t, database) {
      await legacyTables(database)
      for (let n = 0; n < 450; n++) await database.run('insert into legacy_orders (order_no, seq, row_version) values (?, ?, 1)', [`o${n}`, n])
      const steps = folder(t)
      await writeFile(`${steps}/0001-double.ts`, `export default { collection: 'orders', where: { seq: { $lt: 400 } }, each: ({ value }) => ({ ...value, rate: value.seq * 2 }) }\n`)
      const storage = await startMapped(t, database, { collections: { orders, notes: {} }, migrations: steps })

      const { items } = await storage.find({ collection, where: { rate: { $exists: true } }, limit: 1_000 })
      t.is(items.length, 400)
      t.true(items.every(({ value, version }) => value['rate'] === Number(value['seq']) * 2 && version === '2'))
      t.like(await storage.migrationPlan(), { pending: false, changes: [], removals: [] })
      const later = await startMapped(t, database, { collections: { orders, notes: { ...orders, table: 'legacy_orders' } }, migrations: steps })
      t.deepEqual((await later.migrationPlan()).removals.map(({ what, collection: name }) => [what, name]), [['drop the collection', 'notes']])
    },
  },
  {
    title: 'a view tells of a mapped table, and knows no time that the table lacks',
    async run(t, database) {
      await legacyTables(database)
      const views = { open: { from: 'orders', where: { status: 'open' }, select: { mail: 'customer.email', number: 'seq' } } }
      const storage = await startMapped(t, database, { collections: { orders }, views })
      await storage.insert({ collection, id: 'o1', value: { status: 'open', seq: 4, customer: { email: 'a' } } })
      await storage.insert({ collection, id: 'o2', value: { status: 'Open', seq: 5 } })

      t.deepEqual((await storage.findView({ view: 'open', orderBy: ['-number'] })).items.map(({ value }) => value), [{ number: 4, mail: 'a' }])
      await t.throwsAsync(storage.findView({ view: 'open', orderBy: ['$createdAt'] }), { code: 'INPUT_INVALID' })
      await t.throwsAsync(startMapped(t, database, { collections: { orders }, views: { late: { from: 'orders', where: { $createdAt: '2026-01-01T00:00:00.000Z' } } } }), { code: 'MANIFEST_INVALID' })
    },
  },
]
