import type { ExecutionContext } from 'ava'
import type { Bound, PorticoError } from '../../kernel/plugin.ts'
import { fits, misfits, operations, strict, type ContractOperations, type Form } from './integrations-operations.ts'

type Partner = Bound['integrations']

/** A driver under the contract, and what it can. What it cannot is proved as well. */
export interface IntegrationsHarness {
  /** What `via` says. */
  readonly via: string
  /** `echoes`: the output is what the partner was asked, `{ path, body }` · `answers`: another output · `keeps`: calls are accepted for later. */
  readonly how: 'echoes' | 'answers' | 'keeps'
  readonly form: Form
  /** It answers in place of a partner that is away, and its answers are marked. */
  readonly standsIn?: boolean
  /** The code that ends a call, or a start, whose answer would break its schema; undefined where there is no answer. */
  readonly brokenOutput?: string
  /** How many calls have left the driver; undefined where they have nowhere to go. */
  readonly made?: () => number
  /** A running binding with these operations. */
  open(operations: ContractOperations): Promise<Partner>
  /** The same over a partner that is not there, for drivers that have one. */
  openAway?(operations: ContractOperations): Promise<Partner>
}

export interface IntegrationsCase {
  readonly title: string
  run(t: ExecutionContext, harness: IntegrationsHarness): Promise<void>
}

function promise(title: string, body: (t: ExecutionContext, partner: Partner, harness: IntegrationsHarness) => Promise<void>): IntegrationsCase {
  return { title, run: async (t, harness) => body(t, await harness.open(operations), harness) }
}

/** That nothing of what `body` does leaves the driver. */
async function nothingMade(t: ExecutionContext, { made }: IntegrationsHarness, body: () => Promise<void>): Promise<void> {
  const before = made?.()
  await body()
  t.is(made?.(), before, 'nobody was called')
}

const nul = String.fromCharCode(0)

/** What every driver of the port `integrations` keeps. */
export const integrationsContract: readonly IntegrationsCase[] = [
  promise('a call is answered, or accepted for later, and says by whom and in whose place', async (t, partner, { how, via, made, standsIn = false }) => {
    const before = made?.()
    const output = await partner.call({ operation: 'charge', input: { amount: 5 } })

    t.like(output, { degraded: standsIn, via, accepted: how === 'keeps' })
    if (how === 'keeps') t.is(output.output, null)
    else if (how === 'echoes') t.like(output.output, { path: '/charges', body: { amount: 5 } })
    else t.not(output.output, null)
    if (before !== undefined) t.is(made?.(), before + 1)
  }),

  promise('an operation that the manifest does not declare is refused', async (t, partner, harness) => {
    await nothingMade(t, harness, async () => {
      for (const operation of ['nothing', 'constructor', 'toString', 'CHARGE']) await t.throwsAsync(partner.call({ operation }), { code: 'INTEGRATION_NOT_FOUND' })
    })
  }),

  promise('input that breaks its schema, or does not fit the form, is refused before anybody is called', async (t, partner, harness) => {
    const ofSchema = [[{}, '/input/amount'], [{ amount: '5' }, '/input/amount'], [{ amount: 5, more: 1 }, '/input/more']] as const
    const refusals = [...ofSchema.map((one) => ['charge', ...one] as const), ...misfits[harness.form].map((one) => ['item', ...one] as const)]

    await nothingMade(t, harness, async () => {
      for (const [operation, input, path] of refusals) {
        const error = await t.throwsAsync<PorticoError>(partner.call({ operation, input: input as never }), { code: 'INTEGRATION_INPUT_INVALID' })
        t.is(error?.errors[0]?.path, path, JSON.stringify(input))
      }
    })
    await t.notThrowsAsync(partner.call({ operation: 'item', input: fits[harness.form] as never }))
  }),

  promise('text and numbers that JSON cannot carry everywhere are refused', async (t, partner, harness) => {
    const deep = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) as never
    await nothingMade(t, harness, async () => {
      for (const input of [{ a: nul }, { a: String.fromCharCode(0xd800) }, { a: Number.NaN }, JSON.parse('{"__proto__":1}'), deep]) {
        await t.throwsAsync(partner.call({ operation: 'anything', input: input as never }), { code: 'INPUT_INVALID' })
      }
    })
  }),

  promise('any JSON goes as it is where the operation has no schema', async (t, partner, { how }) => {
    for (const input of [null, [1, 'é😀'], 'text', 0, { a: { b: [] } }]) {
      const { output } = await partner.call({ operation: 'anything', input })
      if (how === 'echoes') t.deepEqual((output as { body: unknown }).body, input)
      else t.is(output === null, how === 'keeps')
    }
  }),

  promise('calls at one time are each answered for themselves', async (t, partner, { how }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => partner.call({ operation: 'charge', input: { amount: n + 1 } })))

    if (how === 'echoes') t.deepEqual(answers.map(({ output }) => (output as { body: { amount: number } }).body.amount), Array.from(answers, (_, n) => n + 1))
    else t.true(answers.every(({ accepted }) => accepted === (how === 'keeps')))
  }),

  promise('an answer is its caller\'s own: what is done to it changes no later one', async (t, partner, { how }) => {
    const call = async () => (await partner.call({ operation: 'charge', input: { amount: 7 } })).output as Record<string, unknown> | null
    const first = await call()
    if (first) for (const field of Object.keys(first)) first[field] = 'changed'

    const second = await call()
    if (how === 'keeps') t.is(second, null)
    else t.false(JSON.stringify(second).includes('changed'))
  }),

  promise('a key of the caller is taken with any operation, and one that no header can carry is refused', async (t, partner, harness) => {
    for (const operation of ['charge', 'anything']) await t.notThrowsAsync(partner.call({ operation, input: { amount: 5 }, idempotencyKey: 'order-1' }))

    await nothingMade(t, harness, async () => {
      for (const idempotencyKey of ['', 'a b', 'é', 'a\nb', 'x'.repeat(256)]) await t.throwsAsync(partner.call({ operation: 'charge', input: { amount: 5 }, idempotencyKey }), { code: 'INPUT_INVALID' }, idempotencyKey)
    })
  }),

  promise('the description tells what can be called, and is no call', async (t, partner, harness) => {
    await nothingMade(t, harness, async () => {
      const { via, operations: described, fallback } = await partner.describe({})

      t.deepEqual(described.map(({ name }) => name), Object.keys(operations))
      t.like(described[0], { idempotent: true, idempotencyKey: false, data: ['payment'], input: operations.charge.common.input })
      t.is(harness.standsIn ? fallback[0]?.via : via, harness.via)
    })
  }),

  {
    title: 'an answer that breaks the schema of its operation never reaches the caller',
    async run(t, { brokenOutput, open }) {
      const made = open(strict).then((partner) => partner.call({ operation: 'strict', input: {} }))
      if (brokenOutput === undefined) t.like(await made, { accepted: true, output: null })
      else await t.throwsAsync(made, { code: brokenOutput })
    },
  },

  {
    title: 'a partner that is not there is told as such, and the description knows it; a driver without one needs none',
    async run(t, { openAway, open }) {
      const partner = await (openAway ?? open)(operations)
      const call = partner.call({ operation: 'anything', input: {} })
      if (openAway) await t.throwsAsync(call, { code: 'INTEGRATION_UNREACHABLE' })
      else await t.notThrowsAsync(call)

      const { degraded, lastError } = await partner.describe({})
      if (openAway) t.deepEqual([degraded, lastError?.code], [true, 'INTEGRATION_UNREACHABLE'])
      else t.not(lastError?.code, 'KERNEL_BUG')
    },
  },
]
