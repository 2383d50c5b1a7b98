import { tmpdir } from 'node:os'
import test, { type ExecutionContext } from 'ava'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { createKernel } from '../../../kernel/index.ts'

interface Item {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody: { readonly required: boolean; readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Readonly<Record<string, { readonly schema: { readonly properties: Readonly<Record<string, { readonly $ref: string }>> } }>> }>>
}

interface Spec {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Item>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

type Operations = Readonly<Record<string, object>>

async function specOf(t: ExecutionContext, bindings: Readonly<Record<string, Operations>>): Promise<Spec> {
  const ports = Object.fromEntries(Object.entries(bindings).map(([name, operations]) => [name, { use: 'http', with: { baseUrl: 'http://127.0.0.1:1' }, operations }]))
  const kernel = await createKernel({ version: 1, name: 'test', server: { port: 0 }, ports }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()
  return await (await fetch(`${url}/openapi.json`)).json() as Spec
}

/** Whether a value keeps what the document says of it. */
function keeps(spec: Spec, reference: string): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(spec, 'spec')
  const check = ajv.compile({ $ref: `spec${reference}` })
  return (value) => check(value)
}

const post = { method: 'POST', path: '/' }

test('each declared operation has the path that calls it, with its own summary, input, output, data and error answers', async (t) => {
  const charge = {
    ...post, idempotent: true, summary: 'Takes money', data: ['payment'], errors: { 409: { code: 'ALREADY_CHARGED' }, 423: { code: 'FROZEN', retryable: true } },
    input: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } }, output: { type: 'object', required: ['id'] },
  }
  const spec = await specOf(t, { 'integrations.payments': { charge, ping: post } })
  const { post: item } = spec.paths['/v1/integrations.payments/charge'] ?? {}

  t.like(item, { summary: 'Takes money', 'x-portico-data': ['payment'], 'x-portico-idempotent': true, requestBody: { required: true } })
  t.deepEqual(item?.parameters.filter((one) => one.in === 'path'), [])
  t.true(item?.parameters.some(({ name }) => name === 'Idempotency-Key'))
  t.regex(item?.responses['502']?.description ?? '', /`INTEGRATION_PARTNER_REFUSED`.*`reason` may be `ALREADY_CHARGED`, `FROZEN`$/)
  t.deepEqual(Object.keys(item?.responses['200']?.content['application/json']?.schema.properties ?? {}).sort(), ['degraded', 'output', 'via'])

  const input = keeps(spec, item?.requestBody.content['application/json']?.schema.$ref ?? '')
  t.deepEqual([input({ amount: 5 }), input({ amount: '5' }), input({})], [true, false, false])
  const output = (status: string) => keeps(spec, item?.responses[status]?.content['application/json']?.schema.properties['output']?.$ref ?? '')
  t.deepEqual([output('200')({ id: 1 }), output('200')({}), output('202')(null), output('202')({ id: 1 })], [true, false, true, false])

  t.is(spec.paths['/v1/integrations.payments/ping']?.['post']?.requestBody.required, false)
  t.false(Object.keys(spec.paths).some((path) => path.includes('{')), 'what is not declared cannot be called')
})

test('operations of several bindings never meet, whatever they are called and whatever their schemas call themselves', async (t) => {
  const input = (type: string) => ({ $id: 'https://example.com/input', type: 'object', properties: { value: { $ref: '#/$defs/value' } }, $defs: { value: { type } } })
  const operations = (type: string) => ({ call: { ...post, input: input(type) }, describe: { ...post, input: input(type) }, receive: post, 'a-b_c': { ...post, input: input(type) } })
  const spec = await specOf(t, { integrations: operations('string'), 'integrations.payments': operations('integer'), 'integrations.call': operations('boolean') })

  for (const [binding, good] of [['integrations', 'text'], ['integrations.payments', 1], ['integrations.call', true]] as const) {
    for (const name of ['call', 'describe', 'a-b_c']) {
      const check = keeps(spec, spec.paths[`/v1/${binding}/${name}`]?.['post']?.requestBody.content['application/json']?.schema.$ref ?? '')
      t.deepEqual(['text', 1, true].map((value) => check({ value })), ['text', 1, true].map((value) => value === good), `${binding} ${name}`)
    }
    t.truthy(spec.paths[`/v1/${binding}`]?.['get'])
  }
  const ids = Object.values(spec.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId))
  t.is(new Set(ids).size, ids.length, 'operation ids are unique')
})

test('a schema that refers to itself, by pointer, anchor or id, means the same in the document', async (t) => {
  const tree = {
    $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'https://example.com/tree.json',
    type: 'object', required: ['name'], additionalProperties: false,
    properties: {
      name: { $ref: '#name' }, children: { type: 'array', items: { $ref: '#' } }, twin: { $ref: 'https://example.com/tree.json' }, leaf: { $ref: 'leaf.json#/$defs/inner' },
      $ref: { type: 'integer' }, 'a/b~c %': { $ref: '#/$defs/a~1b' }, const: { const: { $ref: '#/nowhere' } },
    },
    $defs: {
      name: { $anchor: 'name', type: 'string' }, 'a/b': { $ref: '#/properties/name' },
      leaf: { $id: 'leaf.json', $defs: { inner: { $ref: '#/$defs/deep' }, deep: { type: 'null' } } },
    },
  }
  const spec = await specOf(t, { integrations: { plant: { ...post, input: tree } } })
  const check = keeps(spec, spec.paths['/v1/integrations/plant']?.['post']?.requestBody.content['application/json']?.schema.$ref ?? '')
  const byAjv = new Ajv2020({ strict: false }).compile(tree)

  const values = [
    { name: 'a' }, { name: 1 }, { name: 'a', children: [{ name: 'b', children: [{ name: 'c' }] }] }, { name: 'a', children: [{ name: 'b', children: [{ name: 3 }] }] },
    { name: 'a', twin: { name: 'b' } }, { name: 'a', twin: {} }, { name: 'a', leaf: null }, { name: 'a', leaf: 1 }, { name: 'a', $ref: 1 }, { name: 'a', $ref: 'x' },
    { name: 'a', 'a/b~c %': 'x' }, { name: 'a', 'a/b~c %': 1 }, { name: 'a', const: { $ref: '#/nowhere' } }, { name: 'a', const: 1 },
  ]
  t.deepEqual(values.map(check), values.map((value) => byAjv(value)))
  t.deepEqual(values.map(check), values.map((_, index) => [0, 2, 4, 6, 8, 10, 12].includes(index)))
  t.false(/\$(id|schema|anchor)"/.test(JSON.stringify(spec.components)), 'nothing in it claims to be a document')
})
