import type { ExecutionContext } from 'ava'
import type { Call } from '../../kernel/plugin.ts'
import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'
import { SqlRefusal } from '../../kernel/ports/sql/index.ts'

/** One database, empty when the case begins, and any number of connections to it. */
export interface SqlHarness {
  /** Another connection to the same database; closed when the case ends. */
  connect(): Promise<SqlConnection>
  call(timeoutMs?: number): Call
}

export interface SqlCase {
  readonly title: string
  run(t: ExecutionContext, harness: SqlHarness): Promise<void>
}

interface Item {
  readonly id: string
  readonly doc: string
  readonly n: number
  readonly sorted: Uint8Array
}

/** A connection with one table and the statements that the cases use. */
async function withItems({ connect, call }: SqlHarness) {
  const sql = await connect()
  const { types } = sql.dialect
  await sql.define((knex) => knex.schema.createTable('items', (table) => {
    table.specificType('id', types.name).notNullable().primary()
    table.specificType('doc', types.document)
    table.specificType('n', types.integer).notNullable()
    table.specificType('sorted', types.key)
    table.unique(['sorted'], { indexName: 'items_sorted' })
  }), call())

  const insert = sql.shape<'id' | 'doc' | 'n' | 'sorted'>((knex, p) =>
    knex('items').insert({ id: p.value('id'), doc: p.value('doc'), n: p.value('n'), sorted: p.value('sorted') }))
  const setN = sql.shape<'id' | 'n'>((knex, p) => knex('items').update({ n: p.value('n') }).where({ id: p.value('id') }))
  const addOne = sql.shape<'id'>((knex, p) => knex('items').update({ n: knex.raw('?? + 1', ['n']) }).where({ id: p.value('id') }))
  const replace = sql.shape<'id' | 'from' | 'to'>((knex, p) => knex('items').update({ n: p.value('to') }).where({ id: p.value('id'), n: p.value('from') }))
  const one = sql.shape<'id'>((knex, p) => knex('items').select('id', 'n', 'sorted', { doc: sql.dialect.documentText(knex, 'doc') }).where({ id: p.value('id') }))
  const bySorted = sql.shape<'max'>((knex, p) => knex('items').select('id', 'n', 'sorted').orderBy('sorted').limit(p.limit('max')))
  const byId = sql.shape((knex) => knex('items').select('id', 'n').orderBy('id'))

  const item = (id: string, values: Partial<Omit<Item, 'id'>> = {}): SqlStep =>
    insert({ id, doc: values.doc ?? '{}', n: values.n ?? 0, sorted: values.sorted ?? Buffer.from(id) })
  return {
    sql, call, item, setN, addOne, replace, bySorted, byId,
    get: (id: string) => sql.queryOne<Item>(one({ id }), call()),
    ids: async () => (await sql.query<Item>(byId({}), call())).map((row) => row.id),
  }
}

type Parts = Awaited<ReturnType<typeof withItems>> & { readonly harness: SqlHarness }

function promise(title: string, body: (t: ExecutionContext, parts: Parts) => Promise<void>): SqlCase {
  return { title, run: async (t, harness) => body(t, { ...(await withItems(harness)), harness }) }
}

const refusal = async (t: ExecutionContext, attempt: Promise<unknown>) => (await t.throwsAsync(attempt, { instanceOf: SqlRefusal }))?.refusal

/** What every connection of the inner port `sql` promises to the drivers that stand on it. */
export const sqlContract: readonly SqlCase[] = [
  promise('a program applies its steps in order, and answers how many rows each changed', async (t, { sql, call, item, addOne, get }) => {
    const changed = await sql.execute([item('a'), item('b'), addOne({ id: 'a' }), addOne({ id: 'a' }), addOne({ id: 'none' })], call())

    t.deepEqual(changed, [1, 1, 1, 1, 0])
    t.is((await get('a'))?.n, 2)
  }),

  promise('a program is read after in the same call, also where it changed nothing; where it is refused nothing is read', async (t, { sql, call, item, addOne, byId }) => {
    const reading = byId({})
    const done = await sql.executeAndQuery<Item>([item('a'), item('b')], reading, call())
    t.deepEqual(done.changed, [1, 1])
    t.deepEqual(done.rows.map(({ id, n }) => [id, n]), [['a', 0], ['b', 0]])

    t.is((await sql.executeAndQuery<Item>([addOne({ id: 'b' })], reading, call())).rows[1]?.n, 1)
    t.is((await sql.executeAndQuery<Item>([addOne({ id: 'none' })], reading, call())).rows.length, 2)
    t.like(await refusal(t, sql.executeAndQuery([item('c'), item('a')], reading, call())), { step: 1, reason: 'unique' })
    t.like(await refusal(t, sql.executeAndQuery([item('a')], reading, call())), { step: 0, reason: 'unique' })
    t.is((await sql.query(reading, call())).length, 2)

    await t.throwsAsync(sql.executeAndQuery([item('d')], { sql: 'select * from nowhere', params: [] }, call()))
    t.is((await sql.query(reading, call())).length, 3, 'what was done is done, whatever becomes of the reading')
  }),

  promise('an empty program is nothing', async (t, { sql, call }) => {
    t.deepEqual(await sql.execute([], call()), [])
    t.is(await sql.commit([], call()), undefined)
  }),

  promise('a step that changes another number of rows than it expects refuses its whole program', async (t, { sql, call, item, addOne, ids }) => {
    await sql.execute([item('a')], call())

    t.deepEqual(await refusal(t, sql.execute([item('b'), { ...addOne({ id: 'none' }), expect: 1 }, item('c')], call())), { step: 1, reason: 'count' })
    t.deepEqual(await refusal(t, sql.execute([{ ...addOne({ id: 'a' }), expect: 0 }], call())), { step: 0, reason: 'count' })
    t.deepEqual(await sql.commit([{ ...addOne({ id: 'none' }), expect: 1 }], call()), { step: 0, reason: 'count' })

    t.deepEqual(await ids(), ['a'])
  }),

  promise('a step counts the rows it matches, also when it leaves their values as they were', async (t, { sql, call, item, setN }) => {
    await sql.execute([item('a', { n: 5 })], call())

    t.deepEqual(await sql.execute([{ ...setN({ id: 'a', n: 5 }), expect: 1 }], call()), [1])
  }),

  promise('a broken unique index is a refusal that names the index', async (t, { sql, call, item, ids }) => {
    await sql.execute([item('a', { sorted: Buffer.from('same') })], call())

    t.deepEqual(await refusal(t, sql.execute([item('b'), item('c', { sorted: Buffer.from('same') })], call())), { step: 1, reason: 'unique', index: 'items_sorted' })
    t.deepEqual(await sql.commit([item('d', { sorted: Buffer.from('same') })], call()), { step: 0, reason: 'unique', index: 'items_sorted' })

    t.deepEqual(await ids(), ['a'])
  }),

  promise('a broken primary key is a refusal that names it primary', async (t, { sql, call, item }) => {
    await sql.execute([item('a')], call())

    t.deepEqual(await refusal(t, sql.execute([item('a', { sorted: Buffer.from('other') })], call())), { step: 0, reason: 'unique', index: 'primary' })
  }),

  promise('a unique index admits any number of nulls', async (t, { sql, call, item }) => {
    const withNull = (id: string): SqlStep => ({ ...item(id), params: item(id).params.map((value) => (value instanceof Uint8Array ? null : value)) })

    await t.notThrowsAsync(sql.execute([withNull('a'), withNull('b')], call()))
  }),

  promise('one refused program takes none of those beside it along', async (t, { sql, call, item, addOne, ids }) => {
    await sql.execute([item('00')], call())
    const programs = Array.from({ length: 40 }, (_, at) => {
      const id = String(at + 10)
      if (at % 4 === 0) return [item(id), { ...addOne({ id: 'none' }), expect: 1 }]
      if (at % 4 === 1) return [item('00')]
      return at % 4 === 2 ? [item(id)] : [item(id), item(`${id}-too`)]
    })

    const settled = await Promise.allSettled(programs.map((program) => sql.execute(program, call())))

    t.deepEqual(settled.map((one) => one.status === 'fulfilled'), programs.map((_, at) => at % 4 > 1))
    t.is((await ids()).length, 1 + 10 + 20)
  }),

  promise('of many that replace one version, exactly one wins', async (t, { sql, call, item, replace, get }) => {
    await sql.execute([item('a', { n: 1 })], call())

    const settled = await Promise.allSettled(Array.from({ length: 20 }, (_, at) => sql.execute([{ ...replace({ id: 'a', from: 1, to: 100 + at }), expect: 1 }], call())))

    const winner = settled.findIndex((one) => one.status === 'fulfilled')
    t.is(settled.filter((one) => one.status === 'fulfilled').length, 1)
    t.is((await get('a'))?.n, 100 + winner)
  }),

  promise('concurrent changes of one row are all there', async (t, { sql, call, item, addOne, get, harness }) => {
    const other = await harness.connect()
    await sql.execute([item('a')], call())

    await Promise.all(Array.from({ length: 60 }, (_, at) => (at % 2 ? sql : other).execute([{ ...addOne({ id: 'a' }), expect: 1 }], call())))

    t.is((await get('a'))?.n, 60)
  }),

  promise('what was answered is seen by every connection', async (t, { sql, call, item, byId, harness }) => {
    const other = await harness.connect()

    await sql.execute([item('a')], call())

    t.deepEqual(await other.query(byId({}), call()), [{ id: 'a', n: 0 }])
    t.deepEqual(await other.query(byId({}), call(), { long: true }), [{ id: 'a', n: 0 }])
  }),

  promise('a program whose deadline has passed before it is sent never runs', async (t, { sql, call, item, ids }) => {
    await t.throwsAsync(sql.execute([item('a')], call(0)), { code: 'DATABASE_BUSY' })
    await sql.execute([item('b')], call())

    t.deepEqual(await ids(), ['b'])
  }),

  promise('a statement that the database refuses fails alone, and says so', async (t, { sql, call, item, ids }) => {
    const broken: SqlStep = { sql: 'insert into nowhere values (1)', params: [] }

    const settled = await Promise.allSettled([sql.execute([item('a')], call()), sql.execute([item('b'), broken], call()), sql.execute([broken], call()), sql.execute([item('c')], call())])
    await t.throwsAsync(sql.query(broken, call()), { code: 'DATABASE_FAILED' })
    await t.throwsAsync(sql.query(broken, call(), { long: true }), { code: 'DATABASE_FAILED' })

    t.deepEqual(settled.map((one) => (one.status === 'fulfilled' ? 'ok' : (one.reason as { code: string }).code)), ['ok', 'DATABASE_FAILED', 'DATABASE_FAILED', 'ok'])
    t.deepEqual(await ids(), ['a', 'c'])
  }),

  promise('keys keep their bytes and sort by them', async (t, { sql, call, item, bySorted }) => {
    const keys = [[0], [0, 0], [0, 0xff], [1], [0x61], [0x61, 0x20], [0x7f], [0x80], [0xff], [0xff, 0xff]].map((bytes) => Uint8Array.from(bytes))
    await sql.execute(keys.map((sorted, at) => item(`${at * 7 % 10}`, { sorted })), call())

    for (const long of [false, true]) {
      const rows = await sql.query<Item>(bySorted({ max: 100 }), call(), { long })
      t.deepEqual(rows.map((row) => Buffer.from(row.sorted)), keys.map((key) => Buffer.from(key)))
    }
  }),

  promise('a view into a larger buffer is stored as itself', async (t, { sql, call, item, get }) => {
    const pool = Buffer.from('0123456789')

    await sql.execute([item('a', { sorted: pool.subarray(3, 6) })], call())

    t.is(Buffer.from((await get('a'))!.sorted).toString(), '345')
  }),

  promise('names differ by any byte and sort by their bytes', async (t, { sql, call, item, ids }) => {
    const names = ['A', 'Z', 'a', 'a ', 'aa', 'e\u0301', 'z', '\u00e9', '\uff61', '\u{1f600}']

    await sql.execute(names.toReversed().map((name) => item(name)), call())

    t.deepEqual(await ids(), names)
  }),

  promise('integers are exact to 2^53', async (t, { sql, call, item, get }) => {
    const numbers = [0, -1, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]

    await sql.execute(numbers.map((n, at) => item(`n${at}`, { n })), call())

    for (const [at, n] of numbers.entries()) t.is((await get(`n${at}`))?.n, n)
  }),

  promise('a document comes back as the JSON it was', async (t, { sql, call, item, get }) => {
    const document = { text: 'naïve \u{1f600} "quoted" \\ \n', numbers: [0.1, 1e21, -5], nested: { null: null, yes: true }, long: 'x'.repeat(100_000) }

    await sql.execute([item('a', { doc: JSON.stringify(document) })], call())

    t.deepEqual(JSON.parse((await get('a'))!.doc), document)
  }),

  promise('a limit is a parameter, and a value that is missing is a bug', async (t, { sql, call, item, bySorted, setN }) => {
    await sql.execute(['a', 'b', 'c'].map((id) => item(id)), call())

    t.deepEqual((await sql.query<Item>(bySorted({ max: 2 }), call())).map((row) => row.id), ['a', 'b'])
    t.is((await sql.query(bySorted({ max: 1 }), call())).length, 1)
    t.throws(() => setN({ id: 'a' } as unknown as { id: string; n: number }), { instanceOf: TypeError })
  }),

  promise('now is the time that statements see', async (t, { sql, call, item, get }) => {
    const touch = sql.shape<'id'>((knex, p) => knex('items').update({ n: p.now }).where({ id: p.value('id') }))

    const before = await sql.now(call())
    await sql.execute([item('a'), touch({ id: 'a' })], call())
    const after = await sql.now(call())

    const { n } = (await get('a'))!
    t.true(before <= n && n <= after, `${before} <= ${n} <= ${after}`)
  }),

  promise('a long query answers the same rows', async (t, { sql, call, item, bySorted }) => {
    await sql.execute(Array.from({ length: 1_000 }, (_, at) => item(`id-${String(at).padStart(4, '0')}`, { n: at })), call())

    const [short, long] = await Promise.all([sql.query(bySorted({ max: 900 }), call()), sql.query(bySorted({ max: 900 }), call(), { long: true })])

    t.is(long.length, 900)
    t.deepEqual(long, short)
    t.deepEqual(await sql.query(bySorted({ max: 0 }), call(), { long: true }), [])
  }),

  promise('a table tells its columns and indexes, and one that is not there nothing', async (t, { sql, call }) => {
    await sql.define((knex) => [
      knex.schema.alterTable('items', (table) => { table.specificType('extra', sql.dialect.types.integer).notNullable().defaultTo(0) }),
      knex.schema.alterTable('items', (table) => { table.index(['extra'], 'items_extra') }),
    ], call())

    const table = await sql.table('items', call())

    t.deepEqual([...table!.columns].sort(), ['doc', 'extra', 'id', 'n', 'sorted'])
    t.deepEqual([...table!.indexes].sort(), ['items_extra', 'items_sorted'])
    t.is(await sql.table('nowhere', call()), undefined)
  }),

  promise('a table tells its structure: kinds, what may be left out, and what is unique', async (t, { sql, call }) => {
    await sql.define((knex) => [
      knex.schema.createTable('described', (table) => {
        table.integer('no').notNullable().primary()
        table.specificType('word', sql.dialect.types.name).notNullable().defaultTo('x')
        table.specificType('long', sql.dialect.types.integer)
        table.double('ratio')
        table.boolean('flag').notNullable()
        table.unique(['word', 'long'], { indexName: 'described_word' })
      }),
      knex.schema.alterTable('described', (table) => { table.index(['flag'], 'described_flag') }),
    ], call())

    const { columns = [], indexes = [] } = (await sql.describe('described', call())) ?? {}

    t.deepEqual(columns.map(({ name, kind, nullable, filled, generated }) => [name, kind.is, nullable, name === 'no' || filled, generated]), [
      ['no', 'integer', false, true, false], ['word', 'text', false, true, false], ['long', 'integer', true, false, false],
      ['ratio', sql.dialect.name === 'sqlite' ? 'double' : columns[3]?.kind.is, true, false, false], ['flag', 'boolean', false, false, false],
    ])
    const { kind: long } = columns[2]!
    t.deepEqual(long, { is: 'integer', min: -(2n ** 63n), max: 2n ** 63n - 1n })
    t.deepEqual(indexes.filter(({ primary }) => primary).map(({ columns: key, unique }) => [key, unique]), [[['no'], true]])
    t.like(indexes.find(({ name }) => name === 'described_word'), { columns: ['word', 'long'], unique: true, partial: false, bytewise: true })
    t.like(indexes.find(({ name }) => name === 'described_flag'), { columns: ['flag'], unique: false })
    t.is(await sql.describe('nowhere', call()), undefined)
  }),

  promise('what a rule of the table does not take is refused, alone and among others, and nothing of it is applied', async (t, { sql, call, item, ids }) => {
    const bad = sql.shape((knex) => knex('items').insert({ id: 'bad', doc: '{}' }))

    for (const program of [[bad({})], [item('a'), bad({})]]) {
      const refusal = await sql.commit(program, call())
      t.like(refusal, { step: program.length - 1, reason: 'rule' })
      t.regex(refusal?.rule ?? '', /\bn\b/)
      await t.throwsAsync(sql.execute(program, call()), { instanceOf: SqlRefusal })
    }
    t.deepEqual(await ids(), [])
  }),

  promise('a lock is held by one at a time, on this connection and others', async (t, { sql, call, harness }) => {
    const other = await harness.connect()
    const events: string[] = []
    const hold = (connection: SqlConnection, name: string) => connection.lock('schema', call(), async () => {
      events.push(`${name} in`)
      await connection.now(call())
      await new Promise((resolve) => setImmediate(resolve))
      events.push(`${name} out`)
    })

    await Promise.all([hold(sql, 'a'), hold(other, 'b'), hold(sql, 'c'), hold(other, 'd')])

    t.is(events.length, 8)
    for (let at = 0; at < events.length; at += 2) t.is(events[at + 1], events[at]!.replace('in', 'out'))
  }),

  promise('a lock is free after its body, however that ended, and another name is another lock', async (t, { sql, call, harness }) => {
    const other = await harness.connect()

    await t.throwsAsync(sql.lock('schema', call(), async () => { throw new Error('body') }), { message: 'body' })
    const answer = await sql.lock('schema', call(), () => other.lock('another', call(), async () => {
      await t.throwsAsync(other.lock('schema', call(500), async () => undefined), { code: 'DATABASE_BUSY' })
      await t.throwsAsync(sql.lock('schema', call(500), async () => undefined), { code: 'DATABASE_BUSY' })
      return 'done'
    }))

    t.is(answer, 'done')
    t.is(await other.lock('schema', call(), async () => 'free'), 'free')
  }),

  promise('a signal wakes those who listen on its channel, and one in this process once', async (t, { sql }) => {
    const jobs = await listen(sql, 'jobs')
    const mail = await listen(sql, 'mail')
    const left = await listen(sql, 'jobs')
    left.off()

    sql.signals.send('jobs')
    sql.signals.send('jobs')
    await jobs.woken(1)
    sql.signals.send('mail')
    await mail.woken(1)

    t.deepEqual([jobs.times(), mail.times(), left.times()], [1, 1, 0])
  }),

  promise('a signal reaches as far as the connection says: every other one to its database, or none', async (t, { sql, harness }) => {
    const other = await harness.connect()
    const [here, there, another] = [await listen(sql, 'answers'), await listen(other, 'jobs'), await listen(other, 'mail')]

    for (let times = 0; times < 3; times++) sql.signals.send('jobs')
    if (sql.signals.reach === 'server') {
      await there.woken(1)
      // What is said later is heard later: by then an echo of the first would have been.
      other.signals.send('answers')
      await here.woken(1)
      sql.signals.send('mail')
      await another.woken(1)
    } else {
      sql.signals.send('answers')
      await here.woken(1)
    }

    t.deepEqual([here.times(), there.times(), another.times()], sql.signals.reach === 'server' ? [1, 1, 1] : [1, 0, 0])
  }),
]

/** Connections that hear their server. */
const hearing = new WeakSet<SqlConnection>()

/** A listener that counts its wake-ups, once it can hear. */
async function listen(sql: SqlConnection, channel: string) {
  let count = 0
  let next = Promise.withResolvers<undefined>()
  const off = sql.signals.on(channel, () => {
    count++
    next.resolve(undefined)
    next = Promise.withResolvers()
  })
  const woken = async (times: number) => { while (count < times) await next.promise }
  if (sql.signals.reach === 'server' && !hearing.has(sql)) {
    hearing.add(sql)
    await woken(1)
    count = 0
  }
  return { off, woken, times: () => count }
}
