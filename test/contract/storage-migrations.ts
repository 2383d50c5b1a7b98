import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createKernel, type Kernel, type KernelOptions } from '../../kernel/index.ts'
import type { JsonObject } from '../../kernel/plugin.ts'
import { silentLog } from './log.ts'
import type { BoundStorage } from './storage-case.ts'
import type { StoragePlace } from './storage-harness.ts'

/** A driver whose records outlive its process, and that has units of work. */
export interface MigrationBackend {
  /** An empty place that no other test has; `t.teardown` takes it away again. */
  place(t: ExecutionContext): StoragePlace | Promise<StoragePlace>
}

export interface MigrationCase {
  readonly title: string
  run(t: ExecutionContext, backend: MigrationBackend): Promise<void>
}

const collection = 'orders'

/** The starts of one application, one after the other, on one place. */
class Application {
  readonly #t: ExecutionContext
  readonly #place: StoragePlace
  readonly #steps: string

  constructor(t: ExecutionContext, place: StoragePlace, steps: string) {
    this.#t = t
    this.#place = place
    this.#steps = steps
  }

  /** Writes a file of the folder of steps: the text of its default export. */
  async step(name: string, text: string): Promise<void> {
    await writeFile(join(this.#steps, name), `export default ${text}\n`)
  }

  async start(keys: object = { collections: { orders: {} } }, { withSteps = true, ...options }: Pick<KernelOptions, 'preparing'> & { readonly withSteps?: boolean } = {}): Promise<BoundStorage & { readonly kernel: Kernel }> {
    const { storage, connections = {}, plugins = [], directory } = this.#place
    const kernel = await createKernel({ version: 1, name: 'contract', plugins, connections, ports: { storage: { ...storage, ...(withSteps && { migrations: this.#steps }), ...keys } } }, {
      log: silentLog, env: {}, ...options, ...(directory !== undefined && { directory }),
    })
    this.#t.teardown(() => kernel.close())
    return { ...kernel.ports.storage, kernel }
  }
}

function promise(title: string, body: (t: ExecutionContext, app: Application) => Promise<void>): MigrationCase {
  return {
    title,
    async run(t, backend) {
      const folder = await mkdtemp(join(tmpdir(), 'portico-steps-'))
      t.teardown(() => rm(folder, { recursive: true, force: true }))
      await mkdir(join(folder, 'steps'))
      await body(t, new Application(t, await backend.place(t), join(folder, 'steps')))
    },
  }
}

/** Adds one to a record, in the unit of work of the step. */
const counting = (more = '') => `{
  async run({ storage, unit }) {
    const [counter] = (await storage.getMany({ collection: 'orders', ids: ['counter'] }, { unit })).items
    await storage.put({ collection: 'orders', id: 'counter', value: { n: (counter?.value.n ?? 0) + 1 } }, { unit })
    ${more}
  },
}`

async function fill(storage: BoundStorage, count: number, valueOf: (n: number) => object = (n) => ({ n })): Promise<void> {
  for (let n = 0; n < count; n++) await storage.insert({ collection, id: `o${String(n).padStart(3, '0')}`, value: JSON.parse(JSON.stringify(valueOf(n))) as JsonObject })
}

/** What the manifest says of collections and indexes, and the owner's steps, on a backend that has records already. */
export const storageMigrations: readonly MigrationCase[] = [
  promise('an index that is new is filled, also by two replicas at once, and one that is gone refuses nothing any more', async (t, app) => {
    await fill(await app.start(), 250, (n) => ({ n: n % 5, ...(n % 2 && { number: n }) }))

    const indexed = { collections: { orders: { indexes: [['n']], unique: [['number']], scanLimit: 60 } } }
    for (const storage of await Promise.all([app.start(indexed), app.start(indexed)])) {
      t.is((await storage.find({ collection, where: { n: 3 }, limit: 100 })).items.length, 50)
      t.deepEqual((await storage.find({ collection, where: { number: 33 } })).items.map(({ id }) => id), ['o033'])
      await t.throwsAsync(storage.insert({ collection, value: { number: 33 } }), { code: 'STORAGE_NOT_UNIQUE' })
    }

    const without = await app.start({ collections: { orders: { indexes: [['n']] } } })
    await t.notThrowsAsync(without.insert({ collection, value: { n: 3, number: 33 } }))
    t.is((await without.find({ collection, where: { n: 3 }, limit: 100 })).items.length, 51)
  }),

  promise('an index that comes again sees what was written while it was away', async (t, app) => {
    const indexed = { collections: { orders: { indexes: [['n']] } } }
    await fill(await app.start(indexed), 3)

    const without = await app.start()
    await without.put({ collection, id: 'o001', value: { n: 7 } })
    await without.insert({ collection, id: 'o009', value: { n: 7 } })

    t.deepEqual((await (await app.start(indexed)).find({ collection, where: { n: 7 } })).items.map(({ id }) => id), ['o001', 'o009'])
  }),

  promise('a unique index that records break is refused by their ids, and made once they differ', async (t, app) => {
    const unique = { collections: { orders: { unique: [['number']] } } }
    const storage = await app.start()
    await fill(storage, 3, (n) => ({ number: n === 1 ? 1 : 7 }))

    await t.throwsAsync(app.start(unique), { code: 'STORAGE_INDEX_NOT_FILLED', message: /orders\/o000, orders\/o002/ })

    await storage.put({ collection, id: 'o002', value: { number: 8 } })
    await t.throwsAsync((await app.start(unique)).insert({ collection, value: { number: 7 } }), { code: 'STORAGE_NOT_UNIQUE' })
  }),

  promise('a record that an index cannot hold is named', async (t, app) => {
    await fill(await app.start(), 2, (n) => ({ text: 'x'.repeat(n === 1 ? 600 : 1) }))

    await t.throwsAsync(app.start({ collections: { orders: { indexes: [['text']] } } }), { code: 'STORAGE_INDEX_NOT_FILLED', message: /orders\/o001/ })
  }),

  promise('steps run once each, in the order of their numbers, however often and by however many replicas it is started', async (t, app) => {
    await app.step('10-third.mjs', `{ async run({ storage, unit }) { await storage.patch({ collection: 'orders', id: 'counter', patch: { third: (await storage.get({ collection: 'orders', id: 'counter' }, { unit })).value.n } }, { unit }) } }`)
    await app.step('9-second.mjs', counting())
    await app.step('0001-first.mjs', counting())

    for (const storage of [...await Promise.all([app.start(), app.start()]), await app.start()]) {
      t.like(await storage.get({ collection, id: 'counter' }), { value: { n: 2, third: 2 } })
    }
  }),

  promise('a step that fails leaves nothing, those before it stay, and it runs once it is mended', async (t, app) => {
    await app.step('1-good.mjs', counting())
    await app.step('2-bad.mjs', counting('throw new Error(\'no such thing\')'))
    await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_FAILED', message: /2-bad\.mjs.*no such thing/ })

    await app.step('2-bad.mjs', counting())

    t.like(await (await app.start()).get({ collection, id: 'counter' }), { value: { n: 2 } })
  }),

  promise('a data step changes, removes and leaves records batch by batch; times to live and of making stay', async (t, app) => {
    const storage = await app.start()
    await fill(storage, 35)
    const before = await storage.insert({ collection, id: 'p', value: { n: 100 }, ttlMs: 3_600_000 })
    await app.step('1-data.mjs', `{ collection: 'orders', where: { n: { $gte: 10 } }, batch: 4, each: ({ value }) => (value.n === 20 ? null : value.n === 21 ? undefined : { ...value, seen: (value.seen ?? 0) + 1 }) }`)

    const after = await app.start()

    const { items } = await after.find({ collection, orderBy: ['n'], limit: 100 })
    t.deepEqual(items.map(({ value }) => value['n']), [...Array.from({ length: 35 }, (_, n) => n).filter((n) => n !== 20), 100])
    t.deepEqual(items.filter(({ value }) => value['seen'] === 1).map(({ value }) => value['n']), [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 100])
    const kept = await after.get({ collection, id: 'p' })
    t.is(kept.createdAt, before.createdAt)
    t.is(kept.expiresAt, before.expiresAt)
    t.not(kept.version, before.version)
    t.like(await after.migrationPlan(), { pending: false, steps: [{ name: '1-data.mjs', state: 'applied', examined: 36, changed: 25 }] })
  }),

  promise('a data step that fails keeps what is done, and goes on there; edited meanwhile, only when that is said', async (t, app) => {
    await fill(await app.start(), 10)
    const text = (fault: string) => `{ collection: 'orders', batch: 3, each: ({ id, value }) => { ${fault}; return { ...value, seen: (value.seen ?? 0) + 1 } } }`
    await app.step('1-data.mjs', text(`if (id === 'o004') throw new Error('odd')`))
    await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_FAILED', message: /orders\/o004: odd/ })
    await app.step('1-data.mjs', text(''))
    await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_REFUSED', message: /1-data\.mjs.*after it changed 3 records/ })

    const storage = await app.start(undefined, { preparing: 'nothing' })
    const report = await storage.migrate({ edited: ['1-data.mjs'] })

    t.deepEqual(report.steps, [{ step: '1-data.mjs', examined: 10, changed: 10 }])
    t.true((await storage.find({ collection })).items.every(({ value }) => value['seen'] === 1))
    await t.notThrowsAsync(app.start())
  }),

  promise('a step that was edited after it ran, or comes before one that ran, is refused; one whose file is gone is not', async (t, app) => {
    await app.step('2-two.mjs', counting())
    await app.start()

    await app.step('2-two.mjs', counting('// otherwise'))
    await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_REFUSED', message: /2-two\.mjs was edited/ })
    await app.step('2-two.mjs', counting())
    await app.step('1-one.mjs', counting())
    await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_REFUSED', message: /1-one\.mjs .* before/ })

    const older = await app.start(undefined, { withSteps: false })
    t.like(await older.get({ collection, id: 'counter' }), { value: { n: 1 } })
  }),

  promise('what is unique is made after the steps, which can look for it, and may be what makes it so', async (t, app) => {
    await fill(await app.start(), 4, (n) => ({ number: n < 2 ? 7 : n }))
    await app.step('1-differ.mjs', `{
      async run({ storage, unit }) {
        const { items: [, second] } = await storage.find({ collection: 'orders', where: { number: 7 } }, { unit })
        await storage.patch({ collection: 'orders', id: second.id, patch: { number: 70 } }, { unit })
      },
    }`)

    const storage = await app.start({ collections: { orders: { unique: [['number']] } } })

    t.deepEqual((await storage.find({ collection, orderBy: ['number'] })).items.map(({ value }) => value['number']), [2, 3, 7, 70])
    await t.throwsAsync(storage.insert({ collection, value: { number: 70 } }), { code: 'STORAGE_NOT_UNIQUE' })
  }),

  promise('what is no step is refused by what is wrong with it', async (t, app) => {
    for (const [text, message] of [
      ['undefined', /no step as its default export/], ['{ run: 1 }', /no function/], ['{ run() {}, each() {} }', /"each", which a step with run/],
      ['{ collection: \'orders\' }', /neither `run` nor `each`/], ['{ collection: \'odrers\', each() {} }', /"odrers", which the manifest does not declare/],
      ['{ collection: \'orders\', batch: 0, each() {} }', /`batch`/], ['{ collection: \'orders\', where: { a: { $x: 1 } }, each() {} }', /unknown operator/], ['} {', /cannot be imported/],
      ...[`''`, 'null', '[]', `'n'`].map((where) => [`{ collection: 'orders', where: ${where}, each: () => null }`, /`where` that is no object/] as const),
      ['{ get run() { throw new Error(\'looked at\') } }', /cannot be read: looked at/], ['{ run() { throw Object.create(null) } }', /failed: something was thrown/],
      ['{ run() { throw Object.assign(new Error(), { message: { toString() { throw 1 } } }) } }', /failed: something was thrown/],
    ] as const) {
      await app.step('1-wrong.mjs', text)
      const error = await t.throwsAsync(app.start(), { message })
      t.regex((error as { readonly code?: string }).code ?? '', /^STORAGE_MIGRATION_(REFUSED|FAILED)$/)
    }
  }),

  promise('a data step that answers no object changes nothing', async (t, app) => {
    await fill(await app.start(), 1)
    for (const answer of [`'x'`, '0', 'false', '[]', '[1]', `''`]) {
      await app.step('1-data.mjs', `{ collection: 'orders', each: () => (${answer}) }`)
      await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_FAILED', message: /orders\/o000: answered an? / })
    }
    t.deepEqual((await (await app.start(undefined, { withSteps: false })).get({ collection, id: 'o000' })).value, { n: 0 })
  }),

  promise('a step that changes, outside its unit, what it read in it is given up', async (t, app) => {
    await fill(await app.start(), 1)
    await app.step('1-both.mjs', `{
      async run({ storage, unit }) {
        await storage.get({ collection: 'orders', id: 'o000' }, { unit })
        await storage.put({ collection: 'orders', id: 'o000', value: {} })
        await storage.patch({ collection: 'orders', id: 'o000', patch: { a: 1 } }, { unit })
      },
    }`)

    await t.throwsAsync(app.start(), { code: 'STORAGE_MIGRATION_FAILED', message: /without \{ unit \}/ })
  }),

  promise('where migrations are the operator’s, a start names what is to be done and does nothing, until it was done', async (t, app) => {
    const manual = { migrate: 'manual', collections: { orders: { indexes: [['n']] } } }
    await app.step('1-one.mjs', counting())
    await t.throwsAsync(app.start(manual), { code: 'STORAGE_MIGRATIONS_PENDING', message: /portico migrate apply storage`: .*make the collection orders \[n\].*run 1-one\.mjs/ })

    const operator = await app.start(manual, { preparing: 'nothing' })
    t.like(await operator.migrationPlan(), { pending: true, steps: [{ name: '1-one.mjs', state: 'pending' }] })
    await operator.migrate()

    t.like(await operator.migrationPlan(), { pending: false, changes: [], removals: [] })
    t.like(await (await app.start(manual)).get({ collection, id: 'counter' }), { value: { n: 1 } })
  }),

  promise('a start that only looks changes nothing, and tells what would end a start', async (t, app) => {
    await app.step('1-one.mjs', counting())
    const looking = await app.start(undefined, { preparing: 'look' })
    t.like(await looking.migrationPlan(), { pending: true })

    await app.start()
    await app.step('1-one.mjs', counting('// otherwise'))
    await t.throwsAsync(app.start(undefined, { preparing: 'look' }), { code: 'STORAGE_MIGRATION_REFUSED' })
  }),

  promise('a collection that the manifest no longer has stays, is told with what it holds, and goes when that is said', async (t, app) => {
    const both = { collections: { orders: { indexes: [['n']] }, carts: {} } }
    const first = await app.start(both)
    await fill(first, 3)
    await first.insert({ collection: 'carts', id: 'c1', value: {} })

    const less = await app.start({ collections: { carts: {} } })
    t.like(await less.migrationPlan(), { pending: false, removals: [{ what: 'drop the collection', collection: 'orders', records: 3 }] })
    t.like(await less.migrate(), { removals: [] })
    t.is((await (await app.start(both)).count({ collection })).count, 3)

    t.like(await less.migrate({ allowDestructive: true }), { removals: [{ collection: 'orders', records: 3 }] })
    t.like(await less.migrationPlan(), { removals: [] })
    const again = await app.start(both)
    t.is((await again.count({ collection })).count, 0)
    t.is((await again.count({ collection: 'carts' })).count, 1)
  }),

  promise('keys that replicas of an older manifest did not write are seen to when that is asked', async (t, app) => {
    const old = await app.start()
    await fill(old, 3)
    const fresh = await app.start({ collections: { orders: { indexes: [['n']] } } })
    await old.put({ collection, id: 'o001', value: { n: 8 } })
    await old.insert({ collection, id: 'o009', value: { n: 8 } })

    await fresh.migrate({ refill: [collection] })

    t.deepEqual((await fresh.find({ collection, where: { n: 8 } })).items.map(({ id }) => id), ['o001', 'o009'])
    await t.throwsAsync(fresh.migrate({ refill: ['odrers'] }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
  }),

  promise('progress is told of the keys that are filled and of the records that a step looks at', async (t, app) => {
    await fill(await app.start(), 30)
    await app.step('1-data.mjs', `{ collection: 'orders', batch: 10, each: () => undefined }`)
    const storage = await app.start({ collections: { orders: { indexes: [['n']] } } }, { preparing: 'nothing' })

    const told: string[] = []
    await storage.migrate({ onProgress: ({ doing, records, share }) => { told.push(`${doing} ${records} ${share}`) } })

    t.true(told.includes('fill keys of orders 30 1'), told.join('\n'))
    t.deepEqual(told.filter((line) => line.startsWith('1-data.mjs')), [`1-data.mjs 10 ${10 / 30}`, `1-data.mjs 20 ${20 / 30}`, '1-data.mjs 30 1', '1-data.mjs 30 1'])
  }),

  promise('a start that runs out of time leaves what it has done, and the next one goes on', async (t, app) => {
    await fill(await app.start(), 12)
    // Slow once, and longer than a start may take on a busy machine.
    await app.step('1-slow.mjs', `{ collection: 'orders', batch: 2, each: async ({ id, value }) => { if (id === 'o005' && !globalThis[import.meta.url]) { globalThis[import.meta.url] = true; await new Promise((resolve) => setTimeout(resolve, 7000)) } return { ...value, seen: (value.seen ?? 0) + 1 } } }`)
    await t.throwsAsync(app.start({ startTimeout: '6s', collections: { orders: {} } }), { code: 'PLUGIN_START_TIMEOUT' })

    const looking = await app.start(undefined, { preparing: 'look' })
    t.like(await looking.migrationPlan(), { steps: [{ state: 'begun' }] })
    const storage = await app.start()

    t.true((await storage.find({ collection })).items.every(({ value }) => value['seen'] === 1))
  }),
]
