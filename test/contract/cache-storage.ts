import type { Call } from '../../kernel/plugin.ts'
import { cachedReads, type CachedReads } from '../../kernel/ports/storage/cached-reads.ts'
import type { Row, StorageDriver } from '../../kernel/ports/storage/index.ts'
import { type CacheCase, type CacheParts, promise } from './cache-case.ts'
import { silentLog } from './log.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: '', text: false, degrade: () => undefined }
const at = { collection: 'orders', id: 'o1' }

function rowOf(version: string, changes: Partial<Row> = {}): Row {
  return { id: at.id, version, text: `{"is":"${version}"}`, createdAtMs: 1, updatedAtMs: 2, expiresAtMs: null, ...changes }
}

/** A table of rows whose reads stop before and after they look. */
class Table {
  readonly rows = new Map<string, Row>()
  reads = 0
  before: () => Promise<void> = async () => undefined
  after: () => Promise<void> = async () => undefined

  async read(ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
    this.reads += 1
    await this.before()
    const found = ids.map((id) => this.rows.get(id))
    await this.after()
    return found
  }
}

function readsThrough(cache: CacheParts['cache'], table: Table): CachedReads {
  return cachedReads({
    // Of a driver only its reads are asked for.
    driver: { read: (_, ids) => table.read(ids) } as Pick<StorageDriver, 'read'> as StorageDriver,
    keys: { cache: { binding: 'cache', collections: { orders: { ttlMs: 60_000 } } } },
    binding: 'storage', log: silentLog,
    peerFace: () => cache,
  })
}

async function versionOf(reads: CachedReads): Promise<string | undefined> {
  return (await reads.read(at.collection, [at.id], call))[0]?.version
}

const reader = ['begins', 'looks', 'caches'] as const
const writer = ['commits', 'forgets'] as const

type Step = (typeof reader)[number] | (typeof writer)[number]

/** Every order in which a reader's steps and a writer's can happen. */
function interleavings(a: readonly Step[], b: readonly Step[]): readonly (readonly Step[])[] {
  const [firstA, ...restA] = a
  const [firstB, ...restB] = b
  if (firstA === undefined || firstB === undefined) return [[...a, ...b]]
  return [...interleavings(restA, b).map((rest) => [firstA, ...rest]), ...interleavings(a, restB).map((rest) => [firstB, ...rest])]
}

/** What storage through a cache asks of it, on every driver. */
export const storageCases: readonly CacheCase[] = [
  ...['replaced', 'deleted'].map((what) => promise(`a record that is ${what} while it is read into the cache is not answered as it was, in whichever order it happens`, async (t, { cache, replica }) => {
    const other = replica ? await replica() : cache
    for (const [n, order] of interleavings(reader, writer).entries()) {
      const table = new Table()
      const [here, there] = n % 2 === 0 ? [readsThrough(cache, table), readsThrough(other, table)] : [readsThrough(other, table), readsThrough(cache, table)]
      await here.forget([at])
      table.rows.set(at.id, rowOf('old'))
      const steps = Object.fromEntries(['began', 'look', 'looked', 'answer'].map((name) => [name, Promise.withResolvers<undefined>()]))
      table.before = async () => { steps.began?.resolve(undefined); await steps.look?.promise }
      table.after = async () => { steps.looked?.resolve(undefined); await steps.answer?.promise }
      let reading: Promise<string | undefined> | undefined

      for (const step of order) {
        if (step === 'begins') {
          reading = versionOf(here)
          await steps.began?.promise
        } else if (step === 'looks') {
          steps.look?.resolve(undefined)
          await steps.looked?.promise
        } else if (step === 'caches') {
          steps.answer?.resolve(undefined)
          await reading
        } else if (step === 'commits') {
          if (what === 'deleted') table.rows.delete(at.id)
          else table.rows.set(at.id, rowOf('new'))
        } else {
          await there.forget([at])
        }
      }

      table.before = table.after = async () => undefined
      const expected = what === 'deleted' ? undefined : 'new'
      t.is(await versionOf(here), expected, order.join())
      t.is(await versionOf(there), expected, order.join())
    }
  })),

  promise('a record is read once, whole, and each that is missing with all the others', async (t, { cache }) => {
    const table = new Table()
    const reads = readsThrough(cache, table)
    const rows = [rowOf('v1', { id: 'a' }), rowOf('v2', { id: 'b' }), rowOf('v3', { id: 'c' })]
    for (const row of rows) table.rows.set(row.id, row)
    await reads.read('orders', ['b'], call)
    t.is(table.reads, 1)

    t.deepEqual(await reads.read('orders', ['a', 'b', 'c', 'a', 'none'], call), [rows[0], rows[1], rows[2], rows[0], undefined])
    t.is(table.reads, 2)
    t.deepEqual(await reads.read('orders', ['c', 'b', 'a'], call), rows.toReversed())
    t.is(table.reads, 2)
  }),

  promise('what expires, what is not there and what is in no cached collection is asked for each time', async (t, { cache }) => {
    const table = new Table()
    const reads = readsThrough(cache, table)
    table.rows.set('a', rowOf('v1', { id: 'a', expiresAtMs: 9_999_999_999_999 }))
    table.rows.set('b', rowOf('v2', { id: 'b' }))
    for (let n = 0; n < 2; n += 1) {
      t.is((await reads.read('orders', ['a'], call))[0]?.version, 'v1')
      t.is((await reads.read('orders', ['none'], call))[0], undefined)
      t.is((await reads.read('other', ['b'], call))[0]?.version, 'v2')
    }

    t.is(table.reads, 6)
  }),

  promise('what no read of storage put into the cache is not believed', async (t, { cache }) => {
    const table = new Table()
    const reads = readsThrough(cache, table)
    table.rows.set(at.id, rowOf('v1'))
    for (const value of ['text', [1, 2, 3, 4], { version: 'v0' }, ['v0'], Uint8Array.of(1)]) {
      await cache.forget(['_storage/orders/o1'])
      await cache.rememberMany(['_storage/orders/o1'], async () => [value])
      t.is(await versionOf(reads), 'v1')
    }
  }),
]
