import { bytesSchema, documentSchema, durationSchema, pathSchema } from '../../kernel/manifest/units.ts'
import { PluginCatalogue } from '../../kernel/plugins/catalogue.ts'
import type { ExtensionPlugin } from '../../kernel/plugins/definition.ts'
import { definePlugin, definePort, defineSettings } from '../../kernel/plugin.ts'
import type { JsonSchema } from '../../kernel/json.ts'

/** Ports and plugins that stay as they are, so that a golden file changes only when the checker does. None is ever started. */

type None = Record<never, never>

const port = <C extends string = never>(name: string, parts: { inner?: boolean; keys?: Readonly<Record<string, JsonSchema>>; capabilities?: Readonly<Record<C, string>>; fallback?: boolean; named?: boolean; demands?: (keys: object) => readonly { capability: C; path: readonly string[] }[] } = {}) =>
  definePort<None, object, object, C>({
    name, summary: `The port ${name}`, inner: parts.inner ?? false, capabilities: parts.capabilities ?? ({} as Record<C, string>), operations: {},
    keys: { type: 'object', properties: parts.keys ?? {} }, errors: {},
    ...(parts.fallback ? { fallback: { when: () => true, mark: (output: unknown) => output } } : {}),
    ...(parts.named ? { named: { operation: 'call', declared: (keys: { operations?: object }) => Object.fromEntries(Object.keys(keys.operations ?? {}).map((operation) => [operation, true])), field: 'operation', nameOf: () => '' } } : {}),
    ...(parts.demands ? { demands: parts.demands } : {}),
  })

const name = { pattern: '^[a-z][a-z0-9_-]{0,39}$' }
const map = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema => ({
  type: 'object', propertyNames: name, additionalProperties: { type: 'object', additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) },
})

const sql = port('sql', { inner: true })
const redis = port('redis', { inner: true })
const storage = port('storage', { keys: { collections: map({ schema: documentSchema, indexes: { type: 'array', items: { type: 'array', minItems: 1, maxItems: 4, items: { type: 'string' } } }, ttl: durationSchema, maxDocument: { ...bytesSchema, 'x-max': 1024 ** 2 } }) } })
const cache = port<'tags'>('cache', { capabilities: { tags: 'Entries can be invalidated by tag' }, keys: { defaultTtl: { ...durationSchema, default: '5m', 'x-min': 1_000 }, folder: pathSchema } })
const integrations = port('integrations', { fallback: true, named: true, keys: { operations: map({ method: { enum: ['GET', 'POST', 'PUT'] }, path: { type: 'string' }, input: documentSchema, idempotent: { type: 'boolean' } }, ['method', 'path']) } })
const queue = port<'priority'>('queue', {
  capabilities: { priority: 'Higher ones first' },
  keys: { queues: map({ lease: { ...durationSchema, 'x-min': 100, 'x-max': 3_600_000 }, attempts: { type: 'integer', minimum: 1, maximum: 100 }, priorities: { type: 'boolean' } }) },
  demands: (keys) => Object.entries(('queues' in keys ? keys.queues : {}) as Record<string, { priorities?: boolean }>).filter(([, queue]) => queue.priorities)
    .map(([queue]) => ({ capability: 'priority' as const, path: ['queues', queue, 'priorities'] })),
})
const relay = port('relay')

const create = () => ({})
const common = { summary: 'For the golden files', kernel: '^0.1.0', create }

const sqlite = definePlugin({ ...common, name: 'sqlite', port: sql, settings: defineSettings({
  file: { doc: 'The database file.', format: 'path' },
  busyTimeout: { doc: 'How long a write waits.', format: 'duration', default: '5s', max: 60_000 },
  cacheSize: { doc: 'Memory for pages.', format: 'bytes', default: '16MiB', min: 1_048_576 },
  readers: { doc: 'Readers beside the writer.', format: 'integer', default: 2, min: 1, max: 16 },
  writer: { doc: 'Where writes run.', format: ['worker', 'main'], default: 'worker' },
  strict: { doc: 'Refuses more.', format: 'boolean', default: true },
}) })
const http = definePlugin({ ...common, name: 'http', port: integrations, settings: defineSettings({
  baseUrl: { doc: 'Where the partner is.', format: 'url' },
  token: { doc: 'What the partner knows us by.', format: 'string', default: null, sensitive: true },
  headers: { doc: 'Sent with each call.', format: 'map', default: {} },
  retryOn: { doc: 'Codes.', format: 'list', default: [] },
  signing: { key: { doc: 'Which key signs.', format: 'string', default: null } },
}) })

const drivers = [
  sqlite,
  definePlugin({ ...common, name: 'valkey', port: redis, settings: defineSettings({ url: { doc: 'Where it is.', format: 'url', sensitive: true }, port: { doc: 'Its port.', format: 'port', default: 6379 } }) }),
  definePlugin({ ...common, name: 'sql', port: storage, over: sql }),
  definePlugin({ ...common, name: 'sql', port: queue, over: sql }),
  definePlugin({ ...common, name: 'memory', port: queue, capabilities: ['priority'] }),
  definePlugin({ ...common, name: 'lru', port: cache, capabilities: ['tags'], settings: defineSettings({ maxSize: { doc: 'Memory for entries.', format: 'bytes', default: '64MiB' } }) }),
  definePlugin({ ...common, name: 'redis', port: cache, over: redis }),
  definePlugin({ ...common, name: 'tiered', port: cache, capabilities: ['tags'], settings: defineSettings({
    levels: { doc: 'Drivers in front of one another.', format: 'drivers', min: 2, max: 2 },
    maxStale: { doc: 'How old a copy gets.', format: 'duration', default: '10s' },
  }) }),
  definePlugin({ ...common, name: 'ancient', port: cache, kernel: '^9.1.0' }),
  http,
  definePlugin({ ...common, name: 'file', port: integrations, settings: defineSettings({ directory: { doc: 'Where calls are kept.', format: 'path' } }) }),
  definePlugin({ ...common, name: 'chain', port: relay, needs: { next: relay } }),
]

const pricing: ExtensionPlugin = definePlugin({ name: 'pricing', summary: 'An extension', kernel: '^0.1.0', needs: { storage }, settings: defineSettings({ currency: { doc: 'Of prices.', format: ['EUR', 'USD'] } }), create: () => ({}) })

/** Everything above, loaded; `./pricing.ts` is an extension. */
export function fixtureCatalogue(): PluginCatalogue {
  const catalogue = new PluginCatalogue([sql, redis, storage, queue, cache, integrations, relay], [])
  for (const driver of drivers) catalogue.add(driver)
  catalogue.extensions.set('./pricing.ts', pricing)
  return catalogue
}

export const fixturePorts = [sql, redis, storage, queue, cache, integrations, relay]
export const fixturePlugins = [...drivers, pricing]
