import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import ts from 'typescript'
import { main } from '../../../kernel/cli/main.ts'
import { SchemaTypes } from '../../../kernel/cli/types/schema-type.ts'
import type { JsonSchema } from '../../../kernel/json.ts'
import { schemaCheck } from '../../../kernel/ports/schema-check.ts'
import { recorder } from './recorder.ts'

const root = new URL('../../..', import.meta.url).pathname
const types = join(root, 'node_modules/@types')

/** What tsc says of the files, which stand beside the sources of the kernel in memory. */
function compile(files: Readonly<Record<string, string>>): readonly string[] {
  const options: ts.CompilerOptions = {
    strict: true, exactOptionalPropertyTypes: true, noUnusedLocals: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2024, lib: ['lib.es2024.d.ts', 'lib.es2025.collection.d.ts', 'lib.esnext.disposable.d.ts'], module: ts.ModuleKind.NodeNext, typeRoots: [types], types: [],
    paths: { portico: [`${root}kernel/index.ts`], 'portico/ports': [`${root}kernel/binding/bound.ts`], 'portico/ports/*': [`${root}kernel/ports/*/index.ts`] },
  }
  const host = ts.createCompilerHost(options)
  const own = new Map(Object.entries(files).map(([name, text]) => [`${root}kernel/${name}`, text]))
  const disk = { readFile: host.readFile.bind(host), fileExists: host.fileExists.bind(host) }
  host.readFile = (name) => own.get(name) ?? disk.readFile(name)
  host.fileExists = (name) => own.has(name) || disk.fileExists(name)
  const program = ts.createProgram([...own.keys()], options, host)
  return [...own.keys()].flatMap((name) => {
    const file = program.getSourceFile(name)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ start = 0, messageText, file: at }) => {
      const line = at?.getLineAndCharacterOfPosition(start).line ?? 0
      return `${ts.flattenDiagnosticMessageText(messageText, ' ')} in: ${at?.text.split('\n').slice(Math.max(0, line - 1), line + 1).join(' ') ?? ''}`
    })
  })
}

interface Sample {
  readonly schema: JsonSchema
  readonly values: readonly unknown[]
}

/** A module in which each value is given its schema's type; a value that is no literal any more, so that open objects stay open. */
function assignments(samples: readonly Sample[]): string {
  const lines = samples.flatMap(({ schema, values }, at) => [
    // TypeScript warns of a value that has none of an object's optional fields, though it is one; not of an object with any others.
    `type T${at} = ${new SchemaTypes(schema).type(schema, '').replaceAll('{\n', '{\n  readonly [name: string]: unknown\n')}`,
    ...values.map((value, index) => `const v${at}_${index} = ${JSON.stringify(value)}${value === null ? '' : ' as const'}\nexport const t${at}_${index}: T${at} = v${at}_${index}`),
  ])
  return `interface JsonObject { readonly [name: string]: null | boolean | number | string | readonly unknown[] | JsonObject }\n${lines.join('\n')}\nexport type Unused = JsonObject${samples.map((_, at) => ` | T${at}`).join('')}\n`
}

const object = (properties: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({ type: 'object', properties, ...rest })
const tree: JsonSchema = object({ name: { type: 'string' }, below: { type: 'array', items: { $ref: '#' } } }, { required: ['name'] })

/** Each value keeps its schema, which the test makes sure of. */
const samples: readonly Sample[] = [
  { schema: { type: 'string' }, values: ['a'] },
  { schema: { type: 'integer' }, values: [1, -2] },
  { schema: { type: ['string', 'null'] }, values: ['a', null] },
  { schema: { type: 'string', nullable: true }, values: ['a', null] },
  { schema: { enum: ['a', "it's", 'b\\', 'é"\n', 1, -1.5, 1e21, null, true, { a: 1 }, [1]] }, values: ['a', "it's", 'b\\', 'é"\n', 1, -1.5, 1e21, null, true, { a: 1 }, [1]] },
  { schema: { const: 'x' }, values: ['x'] },
  { schema: { const: { a: [1] } }, values: [{ a: [1] }] },
  { schema: { properties: { a: { type: 'string' } } }, values: [{ a: 'x' }, 5, 'no object'] },
  { schema: { required: ['a'] }, values: [{ a: 1 }, null] },
  { schema: { items: { type: 'string' } }, values: [['a'], 7] },
  { schema: { minimum: 5, maxLength: 3, pattern: 'x' }, values: [9, 'x', true, {}] },
  { schema: object({ a: { type: 'integer' }, 'odd-name': true, 'quo\'te': { type: 'null' }, '': { type: 'string' }, __proto: {} }, { required: ['a', 'not-described'] }), values: [{ a: 1, 'not-described': [2] }, { a: 1, 'not-described': null, 'odd-name': {}, 'quo\'te': null, '': 'x', further: true }] },
  { schema: object({ a: false }), values: [{}] },
  { schema: { type: 'object' }, values: [{}, { a: [1, { b: null }] }] },
  { schema: { type: 'object', additionalProperties: { type: 'number' } }, values: [{}, { a: 1 }] },
  { schema: { type: 'object', additionalProperties: { type: 'number' }, patternProperties: { '^x': { type: 'string' } } }, values: [{ a: 1, x: 'y' }] },
  { schema: object({ a: { type: 'string' } }, { additionalProperties: { type: 'number' } }), values: [{ a: 'x', b: 1 }] },
  { schema: { type: 'object', additionalProperties: false }, values: [{}] },
  { schema: { type: 'array', items: { type: ['string', 'integer'] } }, values: [[], ['a', 1]] },
  { schema: { type: 'array', items: { type: 'array', items: { anyOf: [{ type: 'string' }, object({ a: {} })] } } }, values: [[[], ['a', { a: 1 }]]] },
  { schema: { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' } }, values: [[], ['a'], ['a', 1, 2]] },
  { schema: { type: 'array', prefixItems: [{ type: 'string' }] }, values: [['a', {}, null]] },
  { schema: { type: 'array', prefixItems: [{ type: 'string' }], items: false }, values: [[], ['a']] },
  { schema: { anyOf: [object({ kind: { const: 'a' } }, { required: ['kind'] }), object({ kind: { const: 'b' }, n: { type: 'number' } }, { required: ['kind', 'n'] })] }, values: [{ kind: 'a' }, { kind: 'b', n: 1 }] },
  { schema: { type: 'object', properties: { kind: { type: 'string' } }, oneOf: [{ required: ['kind'] }, { properties: { n: { type: 'number' } }, required: ['n'] }] }, values: [{ kind: 'a' }, { n: 1 }] },
  { schema: { allOf: [object({ a: { type: 'string' } }, { required: ['a'] }), { properties: { b: { enum: [1, 2] } } }], type: 'object' }, values: [{ a: 'x' }, { a: 'x', b: 2 }] },
  { schema: { type: 'string', not: { const: 'x' }, if: { minLength: 2 }, then: { pattern: 'a' }, else: true }, values: ['b', 'ab'] },
  { schema: { $ref: '#/$defs/a%20b~1c', $defs: { 'a b/c': { type: 'integer' } } }, values: [3] },
  { schema: { $ref: '#n', $defs: { a: { $anchor: 'n', type: 'integer' } } }, values: [3] },
  { schema: object({ a: { $id: 'http://inner.test/', $defs: { x: { type: 'string' } }, allOf: [{ $ref: '#/$defs/x' }] } }, { $defs: { x: { type: 'number' } } }), values: [{ a: 'x' }] },
  { schema: tree, values: [{ name: 'a', below: [{ name: 'b', below: [] }] }] },
]

test('the type of a schema admits every value that the schema admits', (t) => {
  for (const { schema, values } of samples) {
    const check = schemaCheck(schema)
    for (const value of values) t.deepEqual(check(value), [], JSON.stringify({ schema, value }))
  }

  t.deepEqual(compile({ 'samples.ts': assignments(samples) }), [])
})

const scalar = fc.constantFrom<unknown>('a', 'b', 1, 2.5, true, null)
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 })),
})).value
const kind = fc.constantFrom('string', 'number', 'integer', 'boolean', 'null', 'array', 'object')
/** Of a few keywords each: of many at once, hardly any has a value. */
const anySchema = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const below = fc.oneof(fc.boolean() as fc.Arbitrary<unknown>, tie('schema'))
  const some = fc.array(below, { minLength: 1, maxLength: 3 })
  const keyword: fc.Arbitrary<JsonSchema> = fc.oneof(
    fc.record({ type: fc.oneof(kind, fc.uniqueArray(kind, { minLength: 1, maxLength: 3 })) }),
    fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }) }),
    fc.record({ type: kind, nullable: fc.constant(true) }),
    fc.constantFrom({ minimum: 2 }, { maxLength: 1 }, { const: 'a' }),
    fc.record({ type: fc.constant('object'), properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), below, { maxKeys: 3 }) }),
    ...[fc.record({ properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), below, { maxKeys: 3 }) }), fc.record({ required: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }) })],
    fc.record({ additionalProperties: below }), fc.record({ patternProperties: fc.dictionary(fc.constantFrom('^a', 'b'), below, { maxKeys: 1 }) }),
    fc.record({ type: fc.constant('array'), items: below }), fc.record({ items: below }), fc.record({ prefixItems: some }),
    fc.record({ allOf: some }), fc.record({ anyOf: some }), fc.record({ oneOf: some }), fc.record({ not: below }), fc.record({ if: below, then: below, else: below }),
    fc.record({ $ref: fc.constantFrom('#/$defs/x', '#/$defs/y') }),
  )
  return { schema: fc.array(keyword, { minLength: 1, maxLength: 3 }).map((parts): JsonSchema => Object.assign({}, ...parts) as JsonSchema) }
}).schema

test('so does the type of a random schema, with random values', (t) => {
  t.timeout(120_000)
  const values = fc.sample(anyValue, 60)
  const random = fc.sample(fc.record({ schema: anySchema, x: anySchema, y: anySchema }), 200).flatMap(({ schema, x, y }): Sample[] => {
    const whole = { ...schema, $defs: { x, y } }
    const check = schemaCheck(whole)
    try {
      return [{ schema: whole, values: values.filter((value) => check(value).length === 0).slice(0, 12) }]
    } catch {
      // A reference to nothing, or one without an end: the manifest's check refuses such a schema.
      return []
    }
  })

  t.deepEqual(compile({ 'random.ts': assignments(random) }), [])
  t.true(random.reduce((count, one) => count + one.values.length, 0) > 500)
})

const manifest = `version: 1
name: shop
connections: { main: { use: sqlite, with: { file: a.db } } }
ports:
  storage:
    on: main
    collections:
      notes: {}
      orders:
        schema:
          type: object
          required: [number, status]
          properties:
            number: { type: integer, description: "What the customer */ sees" }
            status: { enum: [open, paid] }
            customer: { type: object, required: [name], properties: { name: { type: string }, address: { $ref: '#/$defs/address' } } }
            meta: { type: object }
          $defs: { address: { type: object, required: [city], properties: { city: { type: string } } } }
    views:
      open-orders: { from: orders, where: { status: open }, select: { orderNo: number, buyer.name: customer.name, buyer.city: customer.address.city, x: meta.a } }
      all: { from: orders }
  storage.reports: { on: main, collections: { daily: {} } }
  cache: { use: lru }
`

const written = `/** The documents that infra.config.yaml declares. Written by \`portico types\`: write it again, do not edit it. */
import type { JsonObject } from 'portico'
import type { StorageOf } from 'portico/ports/storage'

export type { JsonObject }

/** Each binding of storage, with the values of its collections and views. */
export interface Documents {
  readonly storage: {
    readonly collections: {
      readonly notes: JsonObject
      readonly orders: {
        /** What the customer *\\/ sees */
        readonly number: number
        readonly status: 'open' | 'paid'
        readonly customer?: {
          readonly name: string
          readonly address?: {
            readonly city: string
          }
        }
        readonly meta?: JsonObject
      }
    }
    readonly views: {
      readonly 'open-orders': {
        readonly orderNo: number
        readonly buyer?: {
          readonly name?: string
          readonly city?: string
        }
        readonly x?: unknown
      }
      readonly all: Documents['storage']['collections']['orders']
    }
  }
  readonly 'storage.reports': {
    readonly collections: {
      readonly daily: JsonObject
    }
    readonly views: Readonly<Record<never, never>>
  }
}

declare module 'portico/ports' {
  interface KnownBindings {
    readonly storage: StorageOf<Documents['storage']>
    readonly 'storage.reports': StorageOf<Documents['storage.reports']>
  }
}
`

const program = `import type { Kernel } from 'portico'
import type { Documents } from './documents.ts'
declare const kernel: Kernel

type Order = Documents['storage']['collections']['orders']
const orders = kernel.ports.storage.collection('orders')
const value: Order = { number: 1, status: 'open' }
void orders.insert({ value })
void orders.find({ where: { 'customer.address.city': 'Oslo' } })
export const city: string | undefined = (await orders.get({ id: 'o1' })).value.customer?.address?.city
export const names: readonly (string | undefined)[] = (await kernel.ports.storage.view('open-orders').find()).items.map((item) => item.value.buyer?.name)
void kernel.ports['storage.reports'].collection('daily').get({ id: 'd1' })
void kernel.ports.storage.find({ collection: 'orders' })
void kernel.ports.cache.get({ key: 'k' })

// @ts-expect-error a collection that the manifest does not have
kernel.ports.storage.collection('ordres')
// @ts-expect-error one of another binding
kernel.ports['storage.reports'].collection('orders')
// @ts-expect-error a status that the schema does not have
void orders.insert({ value: { number: 1, status: 'lost' } })
// @ts-expect-error a field that the view does not have
void kernel.ports.storage.view('open-orders').find({ where: { number: 1 } })
`

test('types writes what collections and views hold, and a program that includes it is typed without a type argument', async (t) => {
  t.timeout(120_000)
  const directory = await mkdtemp(join(tmpdir(), 'portico-types-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'infra.config.yaml'), manifest)
  const file = join(directory, 'infra.config.yaml')
  const [printed, saved, json] = [recorder(directory), recorder(directory), recorder(directory)]

  t.deepEqual([await main(['types', '-f', file], printed), await main(['types', '-f', file, '--out', 'src/documents.ts'], saved), await main(['types', '-f', file, '--json'], json)], [0, 0, 0])

  t.is(printed.written.out.replace(file, 'infra.config.yaml'), written)
  t.is(saved.written.out, 'wrote src/documents.ts\n')
  t.is(await readFile(join(directory, 'src/documents.ts'), 'utf8'), printed.written.out)
  t.deepEqual(JSON.parse(json.written.out), { types: printed.written.out })
  t.deepEqual(compile({ 'documents.ts': written, 'program.ts': program }), [])
})

test('types of a manifest without storage is a module all the same', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'portico-types-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'a.yaml'), 'version: 1\nname: shop\nports: { cache: { use: lru } }\n')
  const [good, wrong] = [recorder(directory), recorder(directory)]

  t.is(await main(['types', '-f', join(directory, 'a.yaml')], good), 0)
  t.is(await main(['types', '-f', join(directory, 'none.yaml')], wrong), 1)

  t.regex(good.written.out, /^export type Documents = /m)
  t.is(wrong.written.out, '')
})
