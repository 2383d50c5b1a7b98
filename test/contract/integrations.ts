import type { ExecutionContext } from 'ava'
import type { Bound } from '../../kernel/plugin.ts'

/** A binding with the operations below, over a partner that echoes or a driver that keeps calls. */
export interface IntegrationsHarness {
  /** What `via` says. */
  readonly via: string
  /** `answers`: the partner's answer is the output · `accepts`: calls are kept for later. */
  readonly how: 'answers' | 'accepts'
  open(operations: object): Promise<Bound['integrations']>
}

export interface IntegrationsCase {
  readonly title: string
  run(t: ExecutionContext, harness: IntegrationsHarness): Promise<void>
}

type Parts = IntegrationsHarness & { readonly partner: Bound['integrations'] }

const operations = {
  charge: {
    method: 'POST', path: '/charges', idempotent: true,
    input: { type: 'object', required: ['amount'], properties: { amount: { type: 'integer', minimum: 1 }, note: { type: 'string' } }, additionalProperties: false },
  },
  item: { method: 'GET', path: '/items/{id}' },
  anything: { method: 'POST', path: '/anything' },
}

function promise(title: string, body: (t: ExecutionContext, parts: Parts) => Promise<void>): IntegrationsCase {
  return { title, run: async (t, harness) => body(t, { ...harness, partner: await harness.open(operations) }) }
}

const nul = String.fromCharCode(0)

/** What every driver of the port `integrations` keeps. */
export const integrationsContract: readonly IntegrationsCase[] = [
  promise('a call is answered, or accepted for later, and says by whom', async (t, { partner, how, via }) => {
    const output = await partner.call({ operation: 'charge', input: { amount: 5 } })

    t.like(output, { degraded: false, via, accepted: how === 'accepts' })
    if (how === 'accepts') t.is(output.output, null)
    else t.like(output.output, { path: '/charges', body: { amount: 5 } })
  }),

  promise('an operation that the manifest does not declare is refused', async (t, { partner }) => {
    for (const operation of ['nothing', 'constructor', 'toString', 'CHARGE']) await t.throwsAsync(partner.call({ operation }), { code: 'INTEGRATION_NOT_FOUND' })
  }),

  promise('input that breaks its schema is refused before anybody is called', async (t, { partner }) => {
    const refusals: readonly [string, unknown, string][] = [
      ['charge', {}, '/input/amount'],
      ['charge', { amount: '5' }, '/input/amount'],
      ['charge', { amount: 5, more: 1 }, '/input/more'],
      ['item', {}, '/input/id'],
      ['item', { id: '' }, '/input/id'],
      ['item', { id: '..' }, '/input/id'],
      ['item', { id: '../../admin' }, '/input/id'],
      ['item', { id: '..\\admin' }, '/input/id'],
      ['item', { id: { a: 1 } }, '/input/id'],
      ['item', { id: 'a', deep: { a: 1 } }, '/input/deep'],
      ['item', ['a'], '/input/id'],
    ]
    for (const [operation, input, path] of refusals) {
      const error = await t.throwsAsync(partner.call({ operation, input: input as never }), { code: 'INTEGRATION_INPUT_INVALID' })
      t.is((error as unknown as { errors: { path: string }[] } | undefined)?.errors[0]?.path, path, JSON.stringify(input))
    }
  }),

  promise('text and numbers that JSON cannot carry everywhere are refused', async (t, { partner }) => {
    const deep = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as never
    for (const input of [{ a: nul }, { a: String.fromCharCode(0xd800) }, { a: Number.NaN }, JSON.parse('{"__proto__":1}'), deep]) {
      await t.throwsAsync(partner.call({ operation: 'anything', input: input as never }), { code: 'INPUT_INVALID' })
    }
  }),

  promise('any JSON goes as it is where the operation has no schema', async (t, { partner, how }) => {
    for (const input of [null, [1, 'é😀'], 'text', 0, { a: { b: [] } }]) {
      const { output } = await partner.call({ operation: 'anything', input })
      if (how === 'answers') t.deepEqual((output as { body: unknown }).body, input)
      else t.is(output, null)
    }
  }),
]
