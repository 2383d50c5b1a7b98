import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { emptyFolder, operations, startSwitched, until } from './outbox.ts'

interface Parts {
  readonly openFor: string
  readonly replay?: object
}

async function start(t: Parameters<typeof startSwitched>[0], baseUrl: string, { openFor, replay }: Parts) {
  const fallback = [{ use: 'file', with: { directory: emptyFolder(t), replay: { perSecond: 1_000, backoff: '10ms', maxBackoff: '10ms', ...replay } } }]
  const binding = { use: 'http', with: { baseUrl }, operations, policy: 'strict', fallback }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding }, policies: { strict: { circuitBreaker: { failures: 3, openFor } } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.integrations
}

test('kept calls are not made while the circuit is open: their failures opened it, and a partner that is down has peace', async (t) => {
  const { url, asked } = await startSwitched(t)
  const partner = await start(t, url, { openFor: '1h' })

  t.true((await partner.call({ operation: 'pay' })).accepted)
  await until(t, async () => (await partner.describe({})).policy?.circuit?.state === 'open', 'the circuit is open')
  const made = asked.length
  t.true((await partner.call({ operation: 'pay' })).accepted)
  // Thirty times as long as a kept call waits after a failure.
  await new Promise((resolve) => setTimeout(resolve, 300))

  t.is(made, 3)
  t.is(asked.length, made)
  t.like(await partner.describe({}), { fallback: [{ backlog: { waiting: 2, lastError: { code: 'INTEGRATION_PARTNER_FAILED' } } }] })
})

test('the trial of an open circuit may be a kept call: its answer closes it, without a live call', async (t) => {
  const { url, asked, back } = await startSwitched(t)
  const partner = await start(t, url, { openFor: '500ms' })
  t.true((await partner.call({ operation: 'pay', input: { n: 1 } })).accepted)
  t.true((await partner.call({ operation: 'pay', input: { n: 2 } })).accepted)
  await until(t, async () => (await partner.describe({})).policy?.circuit?.state === 'open', 'the circuit is open')

  back()
  await until(t, async () => (await partner.describe({})).fallback[0]?.backlog?.waiting === 0, 'all handed over')

  t.like(await partner.describe({}), { degraded: false, policy: { circuit: { state: 'closed' } } })
  t.deepEqual(asked.slice(-2).map(({ body }) => body), [{ n: 1 }, { n: 2 }])
})

test('a trial by a kept call that hangs is over, for the circuit, when an attempt of a caller would be', async (t) => {
  const { url, answers, back } = await startSwitched(t)
  const fallback = [{ use: 'file', with: { directory: emptyFolder(t), replay: { backoff: '10ms', maxBackoff: '10ms', timeout: '10m' } } }]
  const policies = { strict: { circuitBreaker: { failures: 1, openFor: '1s' }, operations: { pay: { attemptTimeout: '1s' } } } }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'http', with: { baseUrl: url, timeout: '5m' }, operations, policy: 'strict', fallback } }, policies }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const partner = kernel.ports.integrations
  t.true((await partner.call({ operation: 'pay', input: { n: 1 } })).accepted)

  let hanging = 0
  answers(() => { hanging++ })
  await until(t, () => hanging > 0, 'the kept call is the trial')
  await until(t, async () => (await partner.describe({})).policy?.circuit?.state === 'open', 'the circuit is open again')

  back()
  await until(t, async () => (await partner.call({ operation: 'pay', input: { n: 2 } })).via === 'http', 'a live call is the next trial')
  t.is((await partner.describe({})).policy?.circuit?.state, 'closed')
})

test('a kept call waits as long as the partner asks for', async (t) => {
  const { url, asked, answers } = await startSwitched(t)
  answers((_, response) => response.writeHead(429, { 'retry-after': '3600' }).end())
  const partner = await start(t, url, { openFor: '1h' })

  t.true((await partner.call({ operation: 'pay' })).accepted)
  await until(t, () => asked.length === 2, 'the kept call was made')
  await new Promise((resolve) => setTimeout(resolve, 300))

  t.is(asked.length, 2)
})
