import { definePort, type BoundOperations, type Call } from 'portico/plugin'

/** Named sums. */
export interface Counters {
  /** Adds `by` (1 unless given) and answers the sum. */
  add(input: { readonly name: string; readonly by?: number }, call: Call): Promise<{ readonly value: number }>
  /** The sum; null when nothing was ever added. */
  get(input: { readonly name: string }, call: Call): Promise<{ readonly value: number } | null>
}

/** The little that a backend does. */
export interface CountersDriver {
  read(name: string, call: Call): Promise<number | undefined>
  add(name: string, by: number, call: Call): Promise<number>
}

/** In the manifest: `ports: { counters: { use: …, step: 10 } }`. */
export interface CountersKeys {
  readonly step: number
}

// So `kernel.ports.counters` has a type.
declare module 'portico/ports' {
  interface Ports {
    counters: BoundOperations<Counters>
  }
}

const name = { type: 'string', minLength: 1, maxLength: 100 } as const
const value = { type: 'object', required: ['value'], properties: { value: { type: 'number' } }, additionalProperties: false } as const

export const counters = definePort<Counters, CountersDriver, CountersKeys>({
  name: 'counters',
  summary: 'Named sums',
  capabilities: {},
  keys: { type: 'object', properties: { step: { type: 'integer', minimum: 1, default: 1 } }, additionalProperties: false },
  errors: {
    COUNTERS_NOT_FOUND: { status: 404, retryable: false, title: 'No such counter', detail: () => 'nothing was ever added to this counter' },
  },
  operations: {
    add: {
      summary: 'Add to a counter', effect: 'write', idempotent: false,
      input: { type: 'object', required: ['name'], properties: { name, by: { type: 'integer' } }, additionalProperties: false },
      output: value,
      http: { method: 'POST', path: '/:name', status: 200 },
    },
    get: {
      summary: 'Read a counter', effect: 'read', idempotent: true,
      input: { type: 'object', required: ['name'], properties: { name }, additionalProperties: false },
      output: { ...value, type: ['object', 'null'] },
      http: { method: 'GET', path: '/:name', status: 200, nullIs: 'COUNTERS_NOT_FOUND' },
    },
  },
  // The meaning, written once for every driver: input is valid when it comes here.
  implement: ({ driver, keys }) => ({
    add: async ({ name, by = keys.step }, call) => ({ value: await driver.add(name, by, call) }),
    get: async ({ name }, call) => {
      const value = await driver.read(name, call)
      return value === undefined ? null : { value }
    },
  }),
})
