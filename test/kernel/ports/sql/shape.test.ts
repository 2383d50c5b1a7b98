import { createRequire } from 'node:module'
import test from 'ava'
import type { Knex } from 'knex'
import type { Clock } from '../../../../kernel/clock.ts'
import { systemClock } from '../../../../kernel/clock.ts'
import type { Params, Shape } from '../../../../kernel/ports/sql/index.ts'
import { ddlStatements, makeShape } from '../../../../kernel/ports/sql/index.ts'

const makeKnex = createRequire(import.meta.url)('knex') as (config: Knex.Config) => Knex
const clients = { 'better-sqlite3': makeKnex({ client: 'better-sqlite3', useNullAsDefault: true }), pg: makeKnex({ client: 'pg' }), mysql2: makeKnex({ client: 'mysql2' }) }

const shape = <N extends string>(knex: Knex, build: (knex: Knex, p: Params<N>) => Knex.QueryBuilder | Knex.Raw, clock: Clock = systemClock): Shape<N> =>
  makeShape({ knex: () => knex, clock }, build)

/** The statement with its placeholders alike and its names unquoted. */
const plain = (sql: string) => sql.replace(/\$\d+/g, '?').replace(/["`]/g, '')

for (const [client, knex] of Object.entries(clients)) {
  test(`${client}: values stand where their placeholders were, constants where they were written`, (t) => {
    const update = shape<'id' | 'by' | 'doc'>(knex, (knex, p) =>
      knex('items').update({ doc: p.value('doc'), n: knex.raw('?? + ?', ['n', p.value('by')]), kind: 'k' }).where({ id: p.value('id'), live: 1 }).where('n', '>', p.value('by')))

    const { sql, params } = update({ id: 'a', by: 2, doc: '{}' })

    t.is(plain(sql), 'update items set doc = ?, n = n + ?, kind = ? where id = ? and live = ? and n > ?')
    t.deepEqual(params, ['{}', 2, 'k', 'a', 1, 2])
  })

  test(`${client}: limits and offsets are parameters, also in a subquery`, (t) => {
    const remove = shape<'state' | 'max' | 'skip'>(knex, (knex, p) =>
      knex('items').whereIn('id', knex('items').select('id').where({ state: p.value('state') }).limit(p.limit('max')).offset(p.limit('skip'))).del())

    const { sql, params } = remove({ state: 'done', max: 10, skip: 3 })

    t.regex(plain(sql), /in \(select id from items where state = \? limit \? offset \?\)$/)
    t.deepEqual(params, ['done', 10, 3])
  })

  test(`${client}: an insert of several rows takes bytes, nulls and big integers`, (t) => {
    const insert = shape<'a' | 'b'>(knex, (knex, p) => knex('items').insert([{ id: p.value('a'), n: null }, { id: p.value('b'), n: 2n ** 60n }]))
    const bytes = Buffer.from([1, 2])

    t.deepEqual(insert({ a: bytes, b: null }).params, [bytes, null, null, 2n ** 60n])
  })
}

test('it compiles once, at the first call', (t) => {
  let builds = 0
  let loads = 0
  const compiler = { knex: () => (loads++, clients.pg), clock: systemClock }
  const select = makeShape<'id'>(compiler, (knex, p) => (builds++, knex('items').where({ id: p.value('id') })))
  t.is(loads, 0)

  const [first, second] = [select({ id: 'a' }), select({ id: 'b' })]

  t.deepEqual([loads, builds], [1, 1])
  t.is(first.sql, second.sql)
  t.deepEqual([first.params, second.params], [['a'], ['b']])
})

test('now is the clock at each call, or the expression that a server has', (t) => {
  let time = 1_000
  const clock: Clock = { ...systemClock, now: () => time++ }
  const build = (knex: Knex, p: Params<never>) => knex('items').update({ at: p.now })

  const embedded = shape(clients['better-sqlite3'], build, clock)
  const server = makeShape({ knex: () => clients.pg, clock, now: (knex) => knex.raw('clock_ms()') }, build)

  t.deepEqual([embedded({}).params, embedded({}).params], [[1_000], [1_001]])
  t.deepEqual(server({}), { sql: 'update "items" set "at" = clock_ms()', params: [] })
})

test('a missing value and a constant that not every database takes are bugs', (t) => {
  const select = shape<'id'>(clients.pg, (knex, p) => knex('items').where({ id: p.value('id') }))
  const flag = shape(clients.pg, (knex) => knex('items').where({ live: true }))

  t.throws(() => select({} as { id: string }), { instanceOf: TypeError, message: /id/ })
  t.throws(() => flag({}), { instanceOf: TypeError, message: /boolean/ })
})

test('DDL is text: constants are written into it', (t) => {
  const knex = clients['better-sqlite3']

  const statements = ddlStatements(knex, [
    knex.schema.createTable('items', (table) => { table.specificType('n', 'integer').notNullable().defaultTo(0); table.index(['n'], 'items_n') }),
    knex.raw('create view ?? as select * from items where kind = ?', ['some', "o'clock"]),
  ])

  t.deepEqual(statements, [
    "create table `items` (`n` integer not null default '0')",
    'create index `items_n` on `items` (`n`)',
    "create view `some` as select * from items where kind = 'o''clock'",
  ])
})
