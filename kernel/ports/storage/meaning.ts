import { type Unit, withoutCommit } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import type { JsonObject } from '../../json.ts'
import type { PortParts } from '../definition.ts'
import { makeUuids } from '../uuid.ts'
import { cachedReads } from './cached-reads.ts'
import { checkDocument, checkId } from './check-document.ts'
import { type Collection, collectionsOf, everyCollection, type StorageKeys } from './collections.ts'
import type { Paged } from './cursor.ts'
import type { Row, StorageDriver } from './driver.ts'
import { storageError } from './errors.ts'
import { countMatches, findMatches, type Search } from './find.ts'
import type { StorageCapability } from './http.ts'
import type { StorageInProcess } from './in-process.ts'
import { namesIn } from './mapping.ts'
import { demandFence } from './fence.ts'
import { once, rowWithoutText, wholeResults } from './idempotency.ts'
import { followManifest, makeMigrations } from './migrations/index.ts'
import type { MigrationParts } from './migrations/parts.ts'
import type { Fenced, FindInput, Page, Repeatable, StorageOperations, StoredRecord } from './operations.ts'
import { parseQuery, parseSelect, type Query } from './query.ts'
import { parseDocument, toProjection, toRecord, toSelection } from './record.ts'
import { RowWeight } from './scan.ts'
import { StorageStage } from './stage.ts'
import { startSweeping } from './sweep.ts'
import { makeTransfers } from './transfer.ts'
import { runUnit, unitCall } from './unit-of-work.ts'
import { makeVersions } from './version.ts'
import { ownOperations, typedFaces } from './typed-face.ts'
import { declaredView, fieldsOfView, queryOfView, viewsOf } from './views.ts'
import { applyAll } from './write.ts'
import * as writes from './writes.ts'

export type StorageParts = PortParts<StorageDriver, StorageKeys, StorageCapability>

/** The meaning of storage over one driver. */
export function implementStorage(parts: StorageParts): StorageOperations & StorageInProcess {
  const { driver, binding } = parts
  const collections = collectionsOf(parts.keys)
  const kept = everyCollection(parts.keys)
  const views = viewsOf(parts.keys)
  const weights = new Map(Array.from(collections.keys(), (name) => [name, new RowWeight()]))
  const title = (operation: string) => `${binding}.${operation}`
  const making: writes.WriteParts = { driver, now: () => parts.clock.now(), newId: makeUuids(parts.clock), newVersion: makeVersions(), title }

  const collection = (name: string): Collection => {
    const found = collections.get(name)
    if (!found) throw storageError('STORAGE_COLLECTION_NOT_FOUND', { binding, collection: name })
    return found
  }
  const stageIn = stagingIn(parts, kept)
  const cached = cachedReads(parts)
  /** In the caller's unit, which is committed later, or in one of its own: all writes go the same way. */
  const staging = <T>(call: Call, body: (stage: StorageStage, unit: Unit) => Promise<T>): Promise<T> =>
    call.unit ? body(stageIn(call.unit), call.unit) : runUnit(call, (unit) => body(stageIn(unit), unit))
  const repeating = (operation: string, input: Repeatable, call: Call) => ({ title: title(operation), input, call, nowMs: making.now(), newVersion: making.newVersion })
  const fencing = (operation: string, input: Fenced, stage: StorageStage, call: Call) => demandFence(input, stage, { title: title(operation), nowMs: making.now(), call })
  const search = (query: Query, name: string, call: Call): Search => {
    const declared = collection(name)
    return { driver, collection: declared, weight: weights.get(declared.name) ?? new RowWeight(), query, overlay: call.unit && stageIn(call.unit).overlay(declared.name), call }
  }
  /** A page, each match as `tell` makes it; a unit notes what it saw. */
  const page = async (query: Query, input: Paged & Pick<FindInput, 'limit'>, call: Call, tell: (row: Row, value: JsonObject | undefined) => StoredRecord): Promise<Page> => {
    const { matches, next } = await findMatches(search(query, input.collection, call), input)
    const unit = call.unit && stageIn(call.unit)
    for (const { row } of matches) unit?.note(input.collection, row.id, row)
    return { items: matches.map(({ row, value }) => tell(row, value)), next }
  }

  return {
    async get({ collection: name, id }, call) {
      collection(name)
      checkId(title('get'), id)
      const [row] = await (call.unit ? stageIn(call.unit).see(name, [id], call) : cached.read(name, [id], call))
      if (!row) throw storageError('STORAGE_NOT_FOUND', { collection: name, id })
      return toRecord(row, call.text)
    },

    async getMany({ collection: name, ids }, call) {
      collection(name)
      ids.forEach((id, index) => checkId(title('getMany'), id, `/ids/${index}`))
      const rows = await (call.unit ? stageIn(call.unit).see(name, ids, call) : cached.read(name, ids, call))
      return { items: rows.map((row) => (row ? toRecord(row, call.text) : null)) }
    },

    async insert(input, call) {
      const declared = collection(input.collection)
      const { idempotencyKey: _, ...record } = input
      const again = { ...repeating('insert', input, call), kept: rowWithoutText(() => checkDocument(title('insert'), declared, input.value)) }
      const { row, value } = await staging(call, (stage) => once(again, stage, () => writes.insert(making, { stage, collection: declared, input: record, call })))
      return toRecord(row, call.text, value)
    },

    async put(input, call) {
      const declared = collection(input.collection)
      const { row, value, created } = await staging(call, async (stage) => {
        await fencing('put', input, stage, call)
        return writes.put(making, { stage, collection: declared, input, call })
      })
      return { ...toRecord(row, call.text, value), created }
    },

    async patch(input, call) {
      const declared = collection(input.collection)
      const { row, value } = await staging(call, async (stage) => {
        await fencing('patch', input, stage, call)
        return writes.patch(making, { stage, collection: declared, input, call })
      })
      return toRecord(row, call.text, value)
    },

    async delete(input, call) {
      const declared = collection(input.collection)
      await staging(call, async (stage) => writes.remove(making, { stage, collection: declared, input }))
      return { id: input.id }
    },

    async find(input, call) {
      collection(input.collection)
      const select = input.select && parseSelect(title('find'), input.select)
      return page(parseQuery(title('find'), input, namesIn(collection(input.collection))), input, call, (row, value) => (select ? toSelection(row, value ?? parseDocument(row.text), select) : toRecord(row, call.text, value)))
    },

    async findView(input, call) {
      const view = declaredView(views, binding, input.view)
      const fields = fieldsOfView(title('findView'), view, input.select)
      const { view: _name, select: _select, ...query } = input
      return page(queryOfView(title('findView'), view, input), { ...query, collection: view.from, view: view.definition }, call, (row, value) => (fields ? toProjection(row, value ?? parseDocument(row.text), fields) : toRecord(row, call.text, value)))
    },

    async count(input, call) {
      collection(input.collection)
      return { count: await countMatches(search(parseQuery(title('count'), input, namesIn(collection(input.collection))), input.collection, call)) }
    },

    async write(input, call) {
      const again = { ...repeating('write', input, call), kept: wholeResults }
      return staging(call, (stage, unit) => once(again, stage, async () => {
        await fencing('write', input, stage, call)
        return { results: await applyAll({ making, stage, unit, collection, call, peer: parts.peer, binding }, input.operations) }
      }))
    },

    unit: (callback, options = {}) => runUnit(unitCall(options), (unit) => callback(withoutCommit(unit))),
    ...typedFaces(parts),
    ...makeTransfers({ driver, binding, units: parts.capabilities.has('units'), collection, stageIn, newVersion: making.newVersion }),
    ...makeMigrations(migrationParts(parts, kept), parts.keys.migrate ?? 'auto'),
  }
}

/** Follows the manifest, then begins to sweep what expired. */
export async function prepareStorage(parts: StorageParts, how: 'do' | 'look', call: Call): Promise<void> {
  const kept = everyCollection(parts.keys)
  await followManifest(migrationParts(parts, kept), how === 'do' ? (parts.keys.migrate ?? 'auto') : 'look', call)
  if (how === 'do') startSweeping(parts, [...ownPlaces(kept).keys()])
}

type Kept = ReturnType<typeof everyCollection>

/** Those that are not mapped onto tables of others, where nothing is made, changed or swept. */
function ownPlaces(kept: Kept): Kept {
  return new Map([...kept].filter(([, { mapping }]) => !mapping))
}

/** The storage stage of a unit, made at its first use. */
function stagingIn(parts: StorageParts, kept: Kept): (unit: Unit) => StorageStage {
  const { driver, binding, capabilities } = parts
  const { forget } = cachedReads(parts)
  return (unit) => unit.join(driver.commits, binding, () => new StorageStage({ binding, driver, collections: kept, units: capabilities.has('units'), forget }))
}

function migrationParts(parts: StorageParts, kept: Kept): MigrationParts {
  const { driver, binding, keys, clock, log, importScript } = parts
  return {
    driver, binding, log, importScript, kept: ownPlaces(kept),
    declared: collectionsOf(keys), steps: keys.migrations ?? [], nowMs: () => clock.now(), newVersion: makeVersions(),
    stageIn: stagingIn(parts, kept),
    storage: () => ({ ...ownOperations(parts), ...typedFaces(parts) }),
  }
}
