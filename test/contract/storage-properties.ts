import { deepEqual, equal } from 'node:assert/strict'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { type CallOptions, isPorticoError } from '../../kernel/plugin.ts'
import type { FindInput, StoredRecord } from '../../kernel/ports/storage/index.ts'
import { oracleCollections } from './storage-keys.ts'
import { document, id as anyId, path, query } from './storage-arbitrary.ts'
import type { StorageHarness, StorageParts } from './storage-case.ts'
import { ArrayStorage, type Change, type Outcome, selected } from './storage-model.ts'

// Within a property an assertion is node's: one of AVA's that failed could not be tried again on a smaller case.

const atOnce = 8

/** Below the surrogates, the order of code units is that of code points. */
const idsOf = ({ utf16Ids }: Pick<StorageHarness, 'utf16Ids'>) => (utf16Ids ? anyId.filter((id) => /^[^\ud800-\uffff]*$/.test(id)) : anyId)

const inserts = (harness: StorageHarness, time = harness.time) => {
  const id = idsOf(harness)
  // A server's time does not stand still while the answers are compared.
  const ttlMs = time === 'kernel' ? fc.constantFrom(undefined, undefined, undefined, 1, 7, 40) : fc.constant(undefined)
  return fc.uniqueArray(fc.record({ id, value: document, ttlMs }), { selector: (one) => one.id, maxLength: 60, size: 'medium' })
    .map((records) => records.map((insert): Change => ({ insert })))
}
const changes = (harness: StorageHarness, maxLength: number): fc.Arbitrary<Change[]> => {
  const id = idsOf(harness)
  return fc.array(fc.oneof(
    fc.record({ put: fc.record({ id, value: document }) }),
    fc.record({ patch: fc.record({ id, patch: document }) }),
    fc.record({ delete: fc.record({ id }) }),
  ), { maxLength })
}
const queriesOf = (collection: string) => query(Object.values(oracleCollections[collection] ?? {}).flat())

/** Queries, pages, counts and selections over what any changes left. */
export async function answersAlike(t: ExecutionContext, harness: StorageHarness, collection: string): Promise<void> {
  const parts = await begin(t, harness)
  const { storage, clock } = parts
  const asked = fc.array(fc.record({ query: queriesOf(collection), limit: fc.constantFrom(1, 3, 7, 1_000), select: fc.option(fc.array(path, { minLength: 1, maxLength: 3 }), { nil: undefined }), waitMs: fc.constantFrom(0, 0, 1, 10) }), { minLength: 6, maxLength: 6 })

  await fc.assert(fc.asyncProperty(inserts(harness), changes(harness, 12), asked, (inserted, changed, asked) => emptied(parts, collection, async () => {
    const model = await fill(parts, collection, inserted)
    for (const change of changed) {
      await clock.advance(1)
      equal(await apply(parts, collection, change), model.apply(change), JSON.stringify(change))
    }

    for (const { query, limit, select, waitMs } of asked) {
      if (waitMs > 0) await clock.advance(waitMs)
      const expected = model.find(query)
      const found = await pages(parts, { collection, ...query, limit, ...(select && { select }) })

      deepEqual(found.map((item) => item.id), expected.map((record) => record.id))
      deepEqual(found.map((item) => item.value), JSON.parse(JSON.stringify(expected.map((record) => (select ? selected(record, select) : record.value)))))
      deepEqual(found.map(({ createdAt, updatedAt }) => [Date.parse(createdAt), Date.parse(updatedAt)]), expected.map(({ createdAtMs, updatedAtMs }) => [createdAtMs, updatedAtMs]))
      equal((await storage.count({ collection, where: query.where })).count, expected.length)
    }
  })), { numRuns: runsOf(harness) })
  t.pass()
}

/** Pages between which others write. */
export async function pagesUnderWrites(t: ExecutionContext, harness: StorageHarness, collection: string): Promise<void> {
  const parts = await begin(t, harness)
  const given = inserts(harness, 'server')

  await fc.assert(fc.asyncProperty(given, changes(harness, 12), queriesOf(collection), fc.integer({ min: 1, max: 4 }), (inserted, changed, query, limit) => emptied(parts, collection, async () => {
    const model = await fill(parts, collection, inserted)
    const before = model.find(query)
    const touched = new Set<string>()
    const left = [...changed]

    const found = await pages(parts, { collection, ...query, limit }, async () => {
      const change = left.pop()
      if (!change) return
      touched.add(idOf(change))
      await parts.clock.advance(1)
      equal(await apply(parts, collection, change), model.apply(change))
    })

    const alone = (records: readonly { readonly id: string }[]) => records.map((record) => record.id).filter((one) => !touched.has(one))
    deepEqual(alone(found), alone(before))
  })), { numRuns: Math.ceil(runsOf(harness) / 2) })
  t.pass()
}

/** A unit's writes, its finds among them, and its commit. */
export async function unitSeesItself(t: ExecutionContext, harness: StorageHarness, collection: string): Promise<void> {
  // Of one record a unit is a plain write, and other cases have that; of many it needs the capability.
  if (!harness.capabilities.includes('units')) {
    t.pass()
    return
  }
  const parts = await begin(t, harness)
  const { storage } = parts

  await fc.assert(fc.asyncProperty(inserts(harness), changes(harness, 15), queriesOf(collection), fc.integer({ min: 1, max: 5 }), (inserted, changed, query, limit) => emptied(parts, collection, async () => {
    const stored = await fill(parts, collection, inserted)
    const model = await storage.unit(async (unit) => {
      // Made anew: a unit may run again.
      const model = stored.copy()
      for (const change of changed) {
        // What is unique, and that there is something to delete, is checked by the commit: such a change is left out here.
        const outcome = model.copy().apply(change)
        if (outcome === 'STORAGE_NOT_UNIQUE' || ('delete' in change && outcome !== 'done')) continue
        equal(await apply(parts, collection, change, { unit }), model.apply(change), JSON.stringify(change))
      }
      const expected = model.find(query).map((record) => record.id)

      deepEqual((await pages(parts, { collection, ...query, limit }, undefined, { unit })).map((item) => item.id), expected)
      equal((await storage.count({ collection, where: query.where }, { unit })).count, expected.length)
      return model
    })

    const items = await pages(parts, { collection, ...query, limit: 1_000 })
    deepEqual(items.map((item) => item.id), model.find(query).map((record) => record.id))
  })), { numRuns: runsOf(harness) })
  t.pass()
}

function runsOf({ time }: StorageHarness): number {
  return Number(process.env['STORAGE_RUNS'] ?? (time === 'kernel' ? 100 : 20))
}

function begin(t: ExecutionContext, harness: StorageHarness): Promise<StorageParts> {
  t.timeout(600_000)
  return harness.start(t, { collections: oracleCollections })
}

/** The same in a collection and in an array; a few at once, which share a moment. */
async function fill(parts: StorageParts, collection: string, inserted: readonly Change[]): Promise<ArrayStorage> {
  const model = new ArrayStorage(oracleCollections[collection]?.unique ?? [], () => parts.clock.now())
  for (let at = 0; at < inserted.length; at += atOnce) {
    await parts.clock.advance(1)
    const some = inserted.slice(at, at + atOnce).map((change) => ({ change, expected: model.apply(change) }))
    // Those that are refused come last: they meet whoever is in their way.
    for (const accepted of [true, false]) {
      await Promise.all(some.filter((one) => (one.expected === 'done') === accepted).map(async ({ change, expected }) => {
        const outcome = await apply(parts, collection, change)
        if (outcome !== expected) throw new Error(`${JSON.stringify(change)}: ${outcome}, and not ${expected}`)
      }))
    }
  }
  return model
}

async function apply({ storage }: StorageParts, collection: string, change: Change, options: CallOptions = {}): Promise<Outcome> {
  const sent = () => {
    if ('put' in change) return storage.put({ collection, ...change.put }, options)
    if ('patch' in change) return storage.patch({ collection, ...change.patch }, options)
    if ('delete' in change) return storage.delete({ collection, ...change.delete }, options)
    const { ttlMs, ...record } = change.insert
    return storage.insert({ collection, ...record, ...(ttlMs !== undefined && { ttlMs }) }, options)
  }
  try {
    await sent()
    return 'done'
  } catch (error) {
    if (!isPorticoError(error)) throw error
    return error.code
  }
}

function idOf(change: Change): string {
  return Object.values(change as Readonly<Record<string, { readonly id: string }>>)[0]?.id ?? ''
}

/** Every record of every page, and what `between` does before each page but the first. */
async function pages({ storage }: StorageParts, query: FindInput, between: () => Promise<void> = async () => undefined, options: CallOptions = {}): Promise<readonly StoredRecord[]> {
  const items: StoredRecord[] = []
  for (let after: string | undefined; ; ) {
    const page = await storage.find({ ...query, ...(after !== undefined && { after }) }, options)
    items.push(...page.items)
    if (page.next === null) return items
    after = page.next
    await between()
  }
}

/** Runs `body`, and leaves the collection as empty as it was. */
async function emptied({ storage }: StorageParts, collection: string, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } finally {
    const { items } = await storage.find({ collection, limit: 1_000 })
    for (let at = 0; at < items.length; at += atOnce) await Promise.all(items.slice(at, at + atOnce).map(({ id }) => storage.delete({ collection, id })))
  }
}
