import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { main } from '../../../kernel/cli/main.ts'
import { compile } from './compile.ts'
import { recorder } from './recorder.ts'

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
