import { kernelError } from '../../../kernel/errors.ts'
import { JsonText, type JsonObject } from '../../../kernel/json.ts'
import { definePort, type Operation } from '../../../kernel/ports/definition.ts'
import type { Call } from '../../../kernel/call.ts'

/** A small port that uses every form of `http` data: notes on shelves. */
export interface Note {
  readonly id: string
  readonly value: JsonText | JsonObject
  readonly version: string
  readonly made?: boolean
}

interface Address {
  readonly shelf: string
  readonly id: string
}

export interface ShelfOperations {
  get(input: Address & { wide?: boolean }, call: Call): Promise<Note | null>
  put(input: Address & { value: JsonObject; ttlMs?: number; loud?: boolean; ifVersion?: string; ifAbsent?: true }, call: Call): Promise<Note>
  patch(input: Address & { patch: JsonObject }, call: Call): Promise<Note>
  remove(input: Address, call: Call): Promise<null>
  find(input: { shelf: string; where?: unknown; limit?: number }, call: Call): Promise<{ items: readonly (Note | null)[]; input: unknown }>
  one(input: { shelf: string; payload: unknown }, call: Call): Promise<{ kind: string }>
  many(input: { shelf: string; list: readonly unknown[] }, call: Call): Promise<{ kind: string }>
  move(input: { shelf: string; to?: string }, call: Call): Promise<{ moved: string }>
  wait(input: { waitMs?: number }, call: Call): Promise<{ items: readonly unknown[] }>
  fault(input: { kind: string }, call: Call): Promise<null>
}

const shelf = { type: 'string', minLength: 1, maxLength: 300 }
const id = { type: 'string', minLength: 1, maxLength: 1_024 }

function closed(properties: object, required: readonly string[] = []) {
  return { type: 'object', properties, required, additionalProperties: false }
}

const note = closed({ id: { type: 'string' }, value: { type: 'object' }, version: { type: 'string' }, made: { type: 'boolean' } }, ['id', 'value', 'version'])
const etag = { etag: 'version', omit: ['made'] }

const operations: { readonly [O in keyof ShelfOperations]: Operation<never> } = {
  get: {
    summary: 'Read a note', effect: 'read', idempotent: true,
    input: closed({ shelf, id, wide: { type: 'boolean' } }, ['shelf', 'id']), output: { anyOf: [note, { type: 'null' }] },
    http: { method: 'GET', path: '/:shelf/:id', status: 200, nullIs: 'SHELF_NOTE_NOT_FOUND', answer: etag, from: { wide: { query: 'wide' } } },
  },
  put: {
    summary: 'Store a note', effect: 'write', idempotent: true,
    input: closed({ shelf, id, value: { type: 'object' }, ttlMs: { type: 'integer', minimum: 1 }, loud: { type: 'boolean' }, ifVersion: { type: 'string' }, ifAbsent: { const: true } }, ['shelf', 'id', 'value']),
    output: note,
    http: {
      method: 'PUT', path: '/:shelf/:id', body: 'value',
      from: { ttlMs: { query: 'ttlMs' }, loud: { query: 'loud' }, ifVersion: { header: 'If-Match', form: 'etag' }, ifAbsent: { header: 'If-None-Match', form: 'any' } },
      status: { field: 'made', equals: true, then: 201, else: 200 }, answer: { ...etag, location: '/:shelf/:id' },
    },
  },
  patch: {
    summary: 'Merge into a note', effect: 'write', idempotent: false,
    input: closed({ shelf, id, patch: { type: 'object' } }, ['shelf', 'id', 'patch']), output: note,
    http: { method: 'PATCH', path: '/:shelf/:id', body: 'patch', mediaTypes: ['application/merge-patch+json'], status: 200, answer: etag },
  },
  remove: {
    summary: 'Remove a note', effect: 'write', idempotent: true,
    input: closed({ shelf, id }, ['shelf', 'id']), output: { type: 'null' },
    http: { method: 'DELETE', path: '/:shelf/:id', status: 204 },
  },
  find: {
    summary: 'Find notes', effect: 'read', idempotent: true,
    input: closed({ shelf, where: {}, limit: { type: 'integer', minimum: 1 } }, ['shelf']),
    output: { ...closed({ items: { type: 'array', items: { $ref: '#/$defs/found' } }, input: {} }), $defs: { found: { anyOf: [note, { type: 'null' }] } } },
    http: { method: 'POST', path: '/:shelf/_find', status: 200 },
  },
  one: {
    summary: 'Add one', effect: 'write', idempotent: false,
    input: closed({ shelf, payload: {} }, ['shelf', 'payload']), output: closed({ kind: { type: 'string' } }),
    http: { method: 'POST', path: '/:shelf/notes', status: 201 },
  },
  many: {
    summary: 'Add many', effect: 'write', idempotent: false,
    input: closed({ shelf, list: { type: 'array' } }, ['shelf', 'list']), output: closed({ kind: { type: 'string' } }),
    http: { method: 'POST', path: '/:shelf/notes', whenBodyHas: 'list', maxBodyBytes: 4 * 1024 ** 2, status: 201 },
  },
  move: {
    summary: 'Move a shelf', effect: 'write', idempotent: true,
    input: closed({ shelf, to: shelf }, ['shelf']), output: closed({ moved: { type: 'string' } }),
    http: { method: 'POST', path: '/:shelf/_move', from: { to: { body: 'shelf' } }, status: 200 },
  },
  wait: {
    summary: 'Wait', effect: 'read', idempotent: true, waits: 'waitMs',
    input: closed({ waitMs: { type: 'integer', minimum: 0, maximum: 20_000 } }), output: closed({ items: { type: 'array' } }),
    http: { method: 'POST', path: '/_wait', status: 200 },
  },
  fault: {
    summary: 'Fail', effect: 'read', idempotent: true,
    input: closed({ kind: { type: 'string' } }, ['kind']), output: { type: 'null' },
    http: { method: 'POST', path: '/_fault', status: 204 },
  },
}

export const shelfPort = definePort<ShelfOperations, object>({
  name: 'shelf',
  summary: 'Notes on shelves',
  capabilities: {},
  operations,
  keys: { type: 'object', properties: {}, additionalProperties: false },
  errors: {
    SHELF_NOTE_NOT_FOUND: { status: 404, retryable: false, title: 'No such note', detail: (at: { shelf: string; id: string }) => `${at.shelf}/${at.id} is not there` },
    SHELF_FULL: { status: 507, retryable: true, title: 'Full', detail: () => 'the shelf is full' },
  },
})

/** What the operations do; `seen` keeps the signals of calls that wait. */
export function makeShelf(seen: { signals: AbortSignal[] } = { signals: [] }): ShelfOperations {
  const notes = new Map<string, Note>()
  let versions = 0
  const keep = ({ shelf, id }: Address, value: JsonObject): Note => {
    const made = !notes.has(`${shelf}\0${id}`)
    const kept = { id, value, version: `v${++versions}` }
    notes.set(`${shelf}\0${id}`, kept)
    return { ...kept, made }
  }

  return {
    async get({ shelf, id }, call) {
      const kept = notes.get(`${shelf}\0${id}`)
      if (shelf === 'degraded') call.degrade()
      return kept ? { ...kept, value: call.text ? new JsonText(JSON.stringify(kept.value)) : kept.value } : null
    },
    async put({ shelf, id, value, ...rest }) { return keep({ shelf, id }, Object.keys(rest).length > 0 ? { ...value, rest: rest } : value) },
    async patch({ shelf, id, patch }) { return keep({ shelf, id }, patch) },
    async remove({ shelf, id }) {
      notes.delete(`${shelf}\0${id}`)
      return null
    },
    async find(input) { return { items: [null, ...notes.values()].slice(0, 3), input } },
    async one() { return { kind: 'one' } },
    async many() { return { kind: 'many' } },
    async move({ shelf, to }) { return { moved: `${shelf}>${to ?? ''}` } },
    wait({ waitMs = 0 }, call) {
      seen.signals.push(call.signal)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => resolve({ items: [] }), waitMs)
        call.signal.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(kernelError('CALL_ABORTED', { operation: 'shelf.wait' }))
        })
      })
    },
    async fault({ kind }) {
      if (kind === 'bug') throw new TypeError('secret internals at /srv/app')
      if (kind === 'down') throw kernelError('BINDING_UNAVAILABLE', { binding: 'shelf' })
      return null
    },
  }
}
