import { tmpdir } from 'node:os'
import type { RequestListener } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { echo, startPartner } from '../integrations-http/partner.ts'

const operations = { rate: { method: 'GET', path: '/rate' }, pay: { method: 'PUT', path: '/pay' }, quote: { method: 'POST', path: '/quote', idempotent: true, reuse: true } }

/** A partner that is taken away by the test. */
async function open(t: ExecutionContext, more: { settings?: object; fallback?: readonly object[] } = {}) {
  let answer: RequestListener = echo
  const { url } = await startPartner(t, (request, response) => answer(request, response))
  const fallback = [{ use: 'cache', with: more.settings ?? {} }, ...(more.fallback ?? [])]
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'http', with: { baseUrl: url }, operations, fallback } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return { partner: kernel.ports.integrations, fail() { answer = (request, response) => { request.resume(); response.writeHead(503).end() } } }
}

test('the last good answer to the same input is given while the partner fails, marked, and never to another input', async (t) => {
  const { partner, fail } = await open(t)
  const good = await partner.call({ operation: 'rate', input: { a: 1, b: 2 } })
  const quoted = await partner.call({ operation: 'quote', input: { a: 1 } })

  fail()

  t.deepEqual(await partner.call({ operation: 'rate', input: { b: 2, a: 1 } }), { ...good, degraded: true, via: 'cache' })
  t.deepEqual(await partner.call({ operation: 'quote', input: { a: 1 } }), { ...quoted, degraded: true, via: 'cache' })
  await t.throwsAsync(partner.call({ operation: 'rate', input: { a: 1 } }), { code: 'INTEGRATION_PARTNER_FAILED' })
})

test('an answer to a call that did something never stands for a later one', async (t) => {
  const { partner, fail } = await open(t)
  await partner.call({ operation: 'pay', input: { amount: 1 } })

  fail()

  await t.throwsAsync(partner.call({ operation: 'pay', input: { amount: 1 } }), { code: 'INTEGRATION_PARTNER_FAILED' })
})

test('what is kept is bounded: of many answers the latest are there', async (t) => {
  const { partner, fail } = await open(t, { settings: { maxSize: '4KiB' } })
  for (let n = 0; n < 20; n++) await partner.call({ operation: 'rate', input: { n } })

  fail()

  t.like(await partner.call({ operation: 'rate', input: { n: 19 } }), { via: 'cache' })
  await t.throwsAsync(partner.call({ operation: 'rate', input: { n: 0 } }), { code: 'INTEGRATION_PARTNER_FAILED' })
})
