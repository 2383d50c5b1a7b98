import test from 'ava'
import { echo, openHttp, startPartner } from './partner.ts'

const operations = {
  keyed: { method: 'POST', path: '/charges', idempotencyKey: true },
  plain: { method: 'POST', path: '/charges' },
}

const keyIn = (output: unknown) => (output as { headers: Record<string, string> }).headers['idempotency-key']

test("an operation whose partner takes keys is sent with one: its own for each call, or its caller's", async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, url, operations)

  const keys = []
  for (const idempotencyKey of [undefined, undefined, 'order-7']) {
    const { output } = await partner.call({ operation: 'keyed', ...(idempotencyKey !== undefined && { idempotencyKey }) })
    keys.push(keyIn(output))
  }

  t.regex(keys[0] ?? '', /^[0-9a-f-]{36}$/)
  t.is(new Set(keys).size, 3)
  t.is(keys[2], 'order-7')
})

test('a key of the caller is sent where none is declared, and nothing is where nobody has one', async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, url, operations, { settings: { idempotencyHeader: 'Idempotency-Key' } })

  t.is(keyIn((await partner.call({ operation: 'plain', idempotencyKey: 'k' })).output), 'k')
  t.is(keyIn((await partner.call({ operation: 'plain' })).output), undefined)
})

test('the header has the name that the partner reads', async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, url, operations, { settings: { idempotencyHeader: 'X-Request-Key' } })

  const { output } = await partner.call({ operation: 'keyed', idempotencyKey: 'k' })

  t.is((output as { headers: Record<string, string> }).headers['x-request-key'], 'k')
})

test('a call with a key may be repeated: a failure says so', async (t) => {
  const { url } = await startPartner(t, (request, response) => { request.resume(); response.writeHead(500).end() })
  const partner = await openHttp(t, url, operations)

  await t.throwsAsync(partner.call({ operation: 'keyed' }), { code: 'INTEGRATION_PARTNER_FAILED' })
  await t.throwsAsync(partner.call({ operation: 'plain', idempotencyKey: 'k' }), { code: 'INTEGRATION_MAYBE_APPLIED' })
})

test('a key that no header can carry is refused', async (t) => {
  const partner = await openHttp(t, 'http://127.0.0.1:1', operations)
  for (const idempotencyKey of ['', 'a b', 'é', 'a\r\nhost: evil', 'k'.repeat(256)]) {
    await t.throwsAsync(partner.call({ operation: 'keyed', idempotencyKey }), { code: 'INPUT_INVALID' })
  }
})
