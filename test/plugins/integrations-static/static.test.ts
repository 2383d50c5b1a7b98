import { tmpdir } from 'node:os'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { startPartner } from '../integrations-http/partner.ts'

const output = { type: 'object', required: ['rate'], properties: { rate: { type: 'number' } } }
const operations = { rate: { method: 'GET', path: '/rate', output, answer: { rate: 1.1 } }, nothing: { method: 'GET', path: '/nothing' }, none: { method: 'GET', path: '/none', answer: null } }

async function open(t: ExecutionContext, binding: object) {
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.integrations
}

test('a declared answer is given whatever the input, and cannot be changed by who was given it', async (t) => {
  const partner = await open(t, { use: 'static', operations })

  const first = await partner.call({ operation: 'rate', input: { a: 1 } })
  ;(first.output as { rate: number }).rate = 2

  t.deepEqual(await partner.call({ operation: 'rate' }), { output: { rate: 1.1 }, degraded: false, via: 'static', accepted: false })
  t.is((await partner.call({ operation: 'none' })).output, null)
})

test('without a declared answer it says so, and as a fallback leaves the failure to be the partner\'s', async (t) => {
  const { url } = await startPartner(t, (request, response) => { request.resume(); response.writeHead(503).end() })
  const alone = await open(t, { use: 'static', operations })
  const behind = await open(t, { use: 'http', with: { baseUrl: url }, operations, fallback: [{ use: 'static' }] })

  await t.throwsAsync(alone.call({ operation: 'nothing' }), { code: 'INTEGRATION_NO_ANSWER_KEPT' })
  await t.throwsAsync(behind.call({ operation: 'nothing' }), { code: 'INTEGRATION_PARTNER_FAILED' })
  t.like(await behind.call({ operation: 'rate' }), { output: { rate: 1.1 }, degraded: true, via: 'static' })
})

test('an answer that does not fit the output of its operation is refused before anything starts', async (t) => {
  const wrong = { rate: { ...operations.rate, answer: { rate: 'much' } } }
  await t.throwsAsync(open(t, { use: 'static', operations: wrong }), { message: /integrations\.operations\.rate\.answer: does not fit the output of rate/ })
})
