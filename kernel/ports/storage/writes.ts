import type { Call } from '../../call.ts'
import type { JsonObject } from '../../json.ts'
import { checkDocument, checkId } from './check-document.ts'
import type { Collection } from './collections.ts'
import type { Condition, KeyedRow, Row, StorageDriver } from './driver.ts'
import { storageError } from './errors.ts'
import { keysOf } from './keys.ts'
import { fitRow, withoutEmptied } from './mapped.ts'
import { mergePatch } from './merge-patch.ts'
import type { AtVersion, CheckInput, InsertInput, PatchRecord, PutRecord } from './operations.ts'
import { parseDocument, toCandidate } from './record.ts'
import type { StorageStage } from './stage.ts'

export interface WriteParts {
  readonly driver: StorageDriver
  /** The process's time in milliseconds. */
  readonly now: () => number
  readonly newId: () => string
  readonly newVersion: () => string
  /** `storage.put`: named in errors of the input. */
  readonly title: (operation: string) => string
}

/** One operation, said of one stage: each reads what it must through the stage, and stages one entry. */
export interface Writing<I> {
  readonly stage: StorageStage
  readonly collection: Collection
  readonly input: I
  readonly call: Call
}

/** What was staged. */
export interface Written {
  readonly row: Row
  /** The row's document, where its keys had it parsed; it is for one answer, and nobody else holds it. */
  readonly value?: JsonObject | undefined
}

export async function insert(parts: WriteParts, { stage, collection, input, call }: Writing<InsertInput>): Promise<Written> {
  if (input.id !== undefined) checkId(parts.title('insert'), input.id)
  const text = checkDocument(parts.title('insert'), collection, input.value)
  const id = input.id ?? parts.newId()
  return stageNew(parts, stage, collection, { id, text, expiresAtMs: await expiry(parts, input.ttlMs, call) })
}

export async function put(parts: WriteParts, { stage, collection, input, call }: Writing<PutRecord>): Promise<Written & { readonly created: boolean }> {
  checkId(parts.title('put'), input.id)
  const text = checkDocument(parts.title('put'), collection, input.value)
  const expiresAtMs = await expiry(parts, input.ttlMs, call)
  if (input.ifAbsent) return { ...stageNew(parts, stage, collection, { id: input.id, text, expiresAtMs }), created: true }

  await stage.see(collection.name, [input.id], call)
  const current = latest(stage, collection, input.id)
  demandVersion(collection, input, current)
  const { row, value } = stageOver(parts, stage, collection, current, { id: input.id, text, expiresAtMs }, input)
  return { row, value, created: !current }
}

export async function patch(parts: WriteParts, { stage, collection, input, call }: Writing<PatchRecord>): Promise<Written> {
  checkId(parts.title('patch'), input.id)
  await stage.see(collection.name, [input.id], call)
  const current = latest(stage, collection, input.id)
  demandVersion(collection, input, current)
  if (!current) throw storageError('STORAGE_NOT_FOUND', at(collection, input.id))

  const text = checkDocument(parts.title('patch'), collection, withoutEmptied(collection, mergePatch(parseDocument(current.text), input.patch)), '/patch')
  return stageOver(parts, stage, collection, current, { id: input.id, text, expiresAtMs: current.expiresAtMs, path: '/patch' }, input)
}

/** Without a read: the commit itself demands that the record is there. */
export function remove(parts: WriteParts, { stage, collection, input }: Omit<Writing<AtVersion>, 'call'>): void {
  checkId(parts.title('delete'), input.id)
  const known = stage.peek(collection.name, input.id)
  if (known !== undefined) demandVersion(collection, input, known)
  if (known === null) throw storageError('STORAGE_NOT_FOUND', at(collection, input.id))
  if (known) return stage.write(collection.name, input.id, { version: known.version }, null, failureOf(input))
  stage.write(collection.name, input.id, conditionOf(input), null, input.ifVersion === undefined ? 'STORAGE_NOT_FOUND' : 'STORAGE_VERSION_CONFLICT')
}

export function check(parts: WriteParts, { stage, collection, input }: Omit<Writing<CheckInput>, 'call'>): void {
  checkId(parts.title('check'), input.id)
  const known = stage.peek(collection.name, input.id)
  if (input.ifAbsent) {
    if (known) throw storageError('STORAGE_ALREADY_EXISTS', at(collection, input.id))
    return stage.check(collection.name, input.id, 'absent', 'STORAGE_ALREADY_EXISTS')
  }
  if (known !== undefined) demandVersion(collection, input, known)
  stage.check(collection.name, input.id, conditionOf(input), 'STORAGE_VERSION_CONFLICT')
}

interface NewContent {
  readonly id: string
  readonly text: string
  readonly expiresAtMs: number | null
  /** Where it stands in the input; `/value` unless set. */
  readonly path?: '/patch'
}

function stageNew(parts: WriteParts, stage: StorageStage, collection: Collection, content: NewContent): Written {
  const known = stage.peek(collection.name, content.id)
  if (known) throw storageError('STORAGE_ALREADY_EXISTS', at(collection, content.id))
  const nowMs = parts.now()
  const written = keyed(parts.driver, collection, { ...content, version: parts.newVersion(), createdAtMs: nowMs, updatedAtMs: nowMs }, null)
  // A unit that saw that there was none runs again when there is one now.
  stage.write(collection.name, content.id, 'absent', written.row, known === null ? 'STORAGE_CONTENDED' : 'STORAGE_ALREADY_EXISTS')
  return written
}

function stageOver(parts: WriteParts, stage: StorageStage, collection: Collection, current: Row | null, { path, ...content }: NewContent, input: AtVersion): Written {
  const nowMs = parts.now()
  const written = keyed(parts.driver, collection, { ...content, version: parts.newVersion(), createdAtMs: current?.createdAtMs ?? nowMs, updatedAtMs: nowMs }, current, path)
  stage.write(collection.name, content.id, current ? { version: current.version } : 'absent', written.row, failureOf(input))
  return written
}

/** The row as it will be kept in place of `current`, with the keys of its collection's indexes. @throws STORAGE_KEY_TOO_LONG · STORAGE_VALUE_UNMAPPED */
export function keyed(driver: StorageDriver, collection: Collection, given: Row, current: Row | null, at?: '/value' | '/patch'): Written & { readonly row: KeyedRow } {
  const row = fitRow(driver, collection, given, current, at)
  if (collection.indexes.length === 0) return { row: { ...row, keys: [] } }
  // Of the text: the caller may have changed the value that it was made of since.
  const candidate = toCandidate(row)
  return { row: { ...row, keys: keysOf(collection, candidate) }, value: candidate.value }
}

/** A caller who names a version is told; for all others the operation runs again on what is there then. */
function failureOf({ ifVersion }: AtVersion): 'STORAGE_CONTENDED' | 'STORAGE_VERSION_CONFLICT' {
  return ifVersion === undefined || ifVersion === '*' ? 'STORAGE_CONTENDED' : 'STORAGE_VERSION_CONFLICT'
}

function conditionOf({ ifVersion }: AtVersion): Condition {
  return ifVersion === undefined || ifVersion === '*' ? 'present' : { version: ifVersion }
}

function demandVersion(collection: Collection, { id, ifVersion }: AtVersion, current: Row | null | undefined): void {
  if (ifVersion === undefined) return
  if (!current || (ifVersion !== '*' && ifVersion !== current.version)) throw storageError('STORAGE_VERSION_CONFLICT', at(collection, id))
}

/** The record as the unit has it: asked after the last wait, for another operation of the unit may have written it during one. */
function latest(stage: StorageStage, collection: Collection, id: string): Row | null {
  return stage.peek(collection.name, id) ?? null
}

async function expiry({ driver }: WriteParts, ttlMs: number | undefined, call: Call): Promise<number | null> {
  return ttlMs === undefined ? null : (await driver.now(call)) + ttlMs
}

function at(collection: Collection, id: string): { readonly collection: string; readonly id: string } {
  return { collection: collection.name, id }
}
