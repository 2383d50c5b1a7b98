import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { emptyFolder, startSwitched, until } from './outbox.ts'

const input = { type: 'object', required: ['amount'], properties: { amount: { type: 'integer' } } }

test('the description tells operations, what the partner receives, fallbacks, the backlog and the last failure, and nothing of secrets', async (t) => {
  const { url, back } = await startSwitched(t)
  const operations = { pay: { method: 'POST', path: '/pay', idempotencyKey: true, input, data: ['personal', 'payment'] }, status: { method: 'GET', path: '/status' } }
  const fallback = [{ use: 'file', with: { directory: emptyFolder(t), replay: { perSecond: 1_000, backoff: '20ms', maxBackoff: '50ms' } } }, { use: 'static' }]
  const binding = { use: 'http', with: { baseUrl: url, headers: { authorization: 'hunter2' } }, operations, fallback }
  const kernel = await createKernel({ version: 1, name: 'test', server: { port: 0 }, ports: { 'integrations.payments': binding } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const { url: server } = await kernel.listen()
  const describe = async () => (await fetch(`${server}/v1/integrations.payments`)).text()

  t.like(JSON.parse(await describe()), {
    binding: 'integrations.payments', via: 'http', degraded: false,
    operations: [{ name: 'pay', idempotent: true, idempotencyKey: true, data: ['personal', 'payment'], input }, { name: 'status', idempotent: true, idempotencyKey: false, data: [] }],
    fallback: [{ via: 'file', backlog: { waiting: 0, refused: 0 } }, { via: 'static' }],
  })
  await fetch(`${server}/v1/integrations.payments/pay`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"amount":5}' })

  const text = await describe()
  t.like(JSON.parse(text), { degraded: true, lastError: { code: 'INTEGRATION_PARTNER_FAILED' }, fallback: [{ via: 'file', backlog: { waiting: 1 } }] })
  t.false(text.includes('hunter2'))
  back()
  await until(t, async () => !(JSON.parse(await describe()) as { degraded: boolean }).degraded, 'no longer degraded')
})

test('the description is given while the circuit of the policy is open', async (t) => {
  const { url } = await startSwitched(t)
  const policies = { strict: { circuitBreaker: { failures: 1, openFor: '1h' } } }
  const binding = { use: 'http', with: { baseUrl: url }, operations: { pay: { method: 'POST', path: '/pay', idempotencyKey: true } }, policy: 'strict' }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding }, policies }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  await t.throwsAsync(kernel.ports.integrations.call({ operation: 'pay' }), { code: 'INTEGRATION_PARTNER_FAILED' })

  await t.throwsAsync(kernel.ports.integrations.call({ operation: 'pay' }), { code: 'CALL_CIRCUIT_OPEN' })

  t.like(await kernel.ports.integrations.describe({}), { via: 'http', degraded: true, lastError: { code: 'INTEGRATION_PARTNER_FAILED' }, policy: { name: 'strict', circuit: { state: 'open' } } })
})

test('the description tells the policy with its circuits, what an operation has of its own, and what each fallback is for', async (t) => {
  const { url, back } = await startSwitched(t)
  const policies = { strict: { retry: { attempts: 2 }, circuitBreaker: { failures: 1, openFor: '1h' }, operations: { pay: { timeout: '1s', retry: null } } } }
  const operations = { pay: { method: 'POST', path: '/pay', idempotencyKey: true }, describe: { method: 'POST', path: '/describe' } }
  const binding = { use: 'http', with: { baseUrl: url }, operations, policy: 'strict', fallback: [{ use: 'static', when: ['open', '5xx'] }, { use: 'cache' }] }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding }, policies }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const partner = kernel.ports.integrations

  t.like(await partner.describe({}), {
    degraded: false, policy: { name: 'strict', circuit: { state: 'closed' }, operations: {} },
    operations: [{ name: 'pay', overrides: ['timeout', 'retry'] }, { name: 'describe', overrides: undefined }],
    fallback: [{ via: 'static', when: ['open', '5xx'] }, { via: 'cache', when: undefined }],
  })
  back()
  await partner.call({ operation: 'pay' })
  t.false((await partner.describe({})).degraded)
})

test('an operation may have the name of one of the port, and is repeated no more than it may be', async (t) => {
  const { url, asked } = await startSwitched(t)
  const operations = { describe: { method: 'POST', path: '/describe' }, receive: { method: 'POST', path: '/receive' } }
  const binding = { use: 'http', with: { baseUrl: url }, operations, policy: 'eager' }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding }, policies: { eager: { retry: { attempts: 3, initial: '1ms' } } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())

  for (const operation of ['describe', 'receive']) await t.throwsAsync(kernel.ports.integrations.call({ operation }), { code: 'INTEGRATION_MAYBE_APPLIED' })

  t.deepEqual(asked.map(({ path }) => path), ['/describe', '/receive'])
})
