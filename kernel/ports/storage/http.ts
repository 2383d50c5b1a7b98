import type { Operation } from '../definition.ts'
import { limits } from './limits.ts'
import type { StorageOperations } from './operations.ts'
import { inputs, outputs } from './schemas.ts'

export type StorageCapability = 'units' | 'mapping'

export const storageCapabilities: Readonly<Record<StorageCapability, string>> = {
  units: 'several records, and what else stands on the connection, change together or not at all',
  mapping: 'a collection may stand on a table that other programs own',
}

const one = '/:collection/:id'
const ttlMs = { query: 'ttlMs' } as const
const ifVersion = { header: 'If-Match', form: 'etag' } as const
const idempotencyKey = { header: 'Idempotency-Key', form: 'text' } as const
const fence = { header: 'Portico-Fence', form: 'fence' } as const
/** A key, or a fence, stands beside what it is for, in one batch. */
const needsUnits = { arguments: { idempotencyKey: 'units' } } as const
const fenceNeedsUnits = { arguments: { fence: 'units' } } as const

/** The operations as data: what wrapper, routes, OpenAPI and clients are made from. */
export const storageOperations: { readonly [O in keyof StorageOperations]: Operation<StorageCapability> } = {
  get: {
    summary: 'Read one record',
    effect: 'read', idempotent: true,
    input: inputs.get, output: outputs.record,
    http: { method: 'GET', path: one, status: 200, answer: { etag: 'version' } },
  },
  getMany: {
    summary: 'Read up to 100 records by id',
    effect: 'read', idempotent: true,
    input: inputs.getMany, output: outputs.records,
    http: { method: 'POST', path: '/:collection/_get', status: 200 },
  },
  insert: {
    summary: 'Add a record under a new id',
    effect: 'write', idempotent: { when: 'idempotencyKey' },
    needs: needsUnits,
    input: inputs.insert, output: outputs.record,
    http: { method: 'POST', path: '/:collection', body: 'value', from: { ttlMs, idempotencyKey }, status: 201, answer: { etag: 'version', location: one } },
  },
  put: {
    summary: 'Make a record this value',
    effect: 'write', idempotent: true,
    needs: fenceNeedsUnits,
    input: inputs.put, output: outputs.put,
    http: {
      method: 'PUT', path: one, body: 'value',
      from: { ttlMs, ifVersion, fence, ifAbsent: { header: 'If-None-Match', form: 'any' } },
      status: { field: 'created', equals: true, then: 201, else: 200 },
      answer: { etag: 'version', omit: ['created'] },
    },
  },
  patch: {
    summary: 'Apply a JSON merge patch to a record',
    effect: 'write', idempotent: false,
    needs: fenceNeedsUnits,
    input: inputs.patch, output: outputs.record,
    http: {
      method: 'PATCH', path: one, body: 'patch', mediaTypes: ['application/json', 'application/merge-patch+json'],
      from: { ifVersion, fence }, status: 200, answer: { etag: 'version' },
    },
  },
  delete: {
    summary: 'Remove a record',
    // A repeat does no harm, but its 404 would tell of a removal that did happen.
    effect: 'write', idempotent: false,
    input: inputs.delete, output: outputs.id,
    http: { method: 'DELETE', path: one, from: { ifVersion }, status: 204 },
  },
  find: {
    summary: 'Find records, a page at a time',
    effect: 'read', idempotent: true,
    input: inputs.find, output: outputs.page,
    http: { method: 'POST', path: '/:collection/_find', status: 200 },
  },
  findView: {
    summary: 'Find records as a view tells them, a page at a time',
    effect: 'read', idempotent: true,
    input: inputs.findView, output: outputs.page,
    http: { method: 'POST', path: '/_views/:view/_find', status: 200 },
  },
  count: {
    summary: 'Count records',
    effect: 'read', idempotent: true,
    input: inputs.count, output: outputs.count,
    http: { method: 'POST', path: '/:collection/_count', status: 200 },
  },
  write: {
    summary: 'Apply a list of operations, all or none',
    effect: 'write', idempotent: { when: 'idempotencyKey' },
    needs: { operation: 'units' },
    input: inputs.write, output: outputs.results,
    http: { method: 'POST', path: '/_write', from: { idempotencyKey }, maxBodyBytes: limits.writeBytes, status: 200 },
  },
}
