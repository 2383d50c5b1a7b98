import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Webhook } from 'standardwebhooks'
import { createKernel } from '../../../../kernel/index.ts'
import { silentLog } from '../../../contract/log.ts'
import { bySignatures, byWebhooks, emptyFolder, otherSecret, secret, signed, startInbound, strangerKeys } from './inbound.ts'

const body = '{"type":"payment.captured","data":{"id":"pay_1","amount":500}}'
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code

test('a message signed by Standard Webhooks is answered 202 and is one job, with its id and time', async (t) => {
  const { post, hook, payloads, clock } = await startInbound(t)

  const answer = await post(body, hook('msg_1', body))

  t.is(answer.status, 202)
  t.deepEqual(await answer.json(), { id: 'msg_1', repeated: false })
  const seconds = Math.floor(clock.now() / 1_000)
  t.deepEqual(await payloads(), [{ integration: 'integrations.payments', id: 'msg_1', nonce: String(seconds), sentAt: new Date(seconds * 1_000).toISOString(), body: JSON.parse(body) as unknown }])
})

test('a message signed by RFC 9421 is known by its nonce, or by the header that the manifest names', async (t) => {
  const byNonce = await startInbound(t, bySignatures)
  t.is((await byNonce.post(body, signed(body, byNonce.clock.now(), { nonce: 'n-1' }))).status, 202)
  t.like(await byNonce.payloads(), [{ id: 'n-1', nonce: 'n-1' }])

  const byHeader = await startInbound(t, { ...bySignatures, idHeader: 'idempotency-key' })
  const components = ['@method', '@target-uri', 'content-digest', 'idempotency-key']
  const send = (nonce: string, covered: readonly string[]) => byHeader.post(body, signed(body, byHeader.clock.now(), { nonce, components: covered, headers: { 'idempotency-key': 'order-7' } }))
  t.deepEqual(await (await send('n-1', components)).json(), { id: 'order-7', repeated: false })
  t.deepEqual(await (await send('n-2', components)).json(), { id: 'order-7', repeated: true })
  // Who stands in between could give it any other id.
  t.is((await send('n-3', components.slice(0, 3))).status, 401)
  t.is((await byHeader.payloads()).length, 1)
})

test('a message signed by RFC 9421 with a secret is taken as one with a key pair is', async (t) => {
  const { post, payloads, clock } = await startInbound(t, { ...bySignatures, algorithm: 'hmac-sha256', keys: { 'pay-2026': secret } })
  const algorithm = 'hmac-sha256'

  t.is((await post(body, signed(body, clock.now(), { algorithm, key: secret, nonce: 'n-1' }))).status, 202)
  t.is((await post(body, signed(body, clock.now(), { algorithm, key: otherSecret }))).status, 401)
  // Another algorithm than the manifest's.
  t.is((await post(body, signed(body, clock.now()))).status, 401)
  t.like(await payloads(), [{ id: 'n-1' }])
})

test('a message that is not the partner\'s, or not of now, is refused before it is read, and nothing is queued', async (t) => {
  const hooks = await startInbound(t)
  const now = hooks.clock.now()
  const good = hooks.hook('msg_1', body)
  const wrong: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
    ['no signature', body, {}],
    ['another body', body.replace('500', '900'), good],
    ['another id', body, { ...good, 'webhook-id': 'msg_2' }],
    ['another time', body, { ...good, 'webhook-timestamp': String(Number(good['webhook-timestamp']) - 1) }],
    ['unknown key', body, hooks.hook('msg_1', body, { secret: otherSecret })],
    ['too old', body, hooks.hook('msg_1', body, { atMs: now - 301_000 })],
    ['of the future', body, hooks.hook('msg_1', body, { atMs: now + 301_000 })],
    // Were it parsed first, it would be 422.
    ['no JSON', '{"type":', good],
  ]
  for (const [title, sent, headers] of wrong) t.is(await codeOf(await hooks.post(sent, headers)), 'INTEGRATION_INBOUND_REFUSED', title)
  t.deepEqual(await hooks.payloads(), [])

  const signatures = await startInbound(t, bySignatures)
  const at = signatures.clock.now()
  const unsigned: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['a stranger under the name of the partner', signed(body, at, { key: strangerKeys.privateKey })],
    ['unknown keyid', signed(body, at, { keyId: 'pay-2025' })],
    ['no keyid', signed(body, at, { keyId: null })],
    ['no nonce', signed(body, at, { nonce: null })],
    ['old', signed(body, at - 301_000)],
    ['for another URL', signed(body, at, { url: 'https://hooks.shop.example/v1/integrations.refunds/_inbound' })],
    ['the body not covered', signed(body, at, { components: ['@method', '@target-uri'] })],
    ['another digest', { ...signed(body, at), 'content-digest': 'sha-256=:AAAA:' }],
  ]
  for (const [title, headers] of unsigned) t.is((await signatures.post(body, headers)).status, 401, title)
  t.deepEqual(await signatures.payloads(), [])
})

test('of a hundred copies of one message at once, one is taken and ninety-nine are refused', async (t) => {
  const overHttp = await startInbound(t)
  const headers = overHttp.hook('msg_1', body)
  t.deepEqual(await overHttp.counted(Array.from({ length: 100 }, () => overHttp.post(body, headers))), { 202: 1, 409: 99 })
  t.is((await overHttp.payloads()).length, 1)

  // Here all of them are judged before the first is queued.
  const inProcess = await startInbound(t)
  const message = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(body) }
  const ended = await Promise.allSettled(Array.from({ length: 100 }, () => inProcess.receive(message)))
  t.is(ended.filter(({ status }) => status === 'fulfilled').length, 1)
  t.true(ended.every((one) => one.status === 'fulfilled' || (one.reason as { code: string }).code === 'INTEGRATION_INBOUND_REPLAYED'))
  t.is((await inProcess.payloads()).length, 1)
})

test('of a hundred copies that two replicas get at once, one is taken', async (t) => {
  const folder = emptyFolder(t)
  const replicas = [await startInbound(t, byWebhooks, { folder }), await startInbound(t, byWebhooks, { folder })] as const
  const headers = replicas[0].hook('msg_1', body)

  const counts = await replicas[0].counted(Array.from({ length: 50 }, () => replicas.map(({ post }) => post(body, headers))).flat())

  t.deepEqual(counts, { 202: 1, 409: 99 })
  t.is((await replicas[1].payloads()).length, 1)
})

test('a replay is refused by another process as well, for the job of the first is what it is known by', async (t) => {
  const folder = emptyFolder(t)
  const first = await startInbound(t, byWebhooks, { folder })
  const headers = first.hook('msg_1', body)
  t.is((await first.post(body, headers)).status, 202)
  await first.close()

  const second = await startInbound(t, byWebhooks, { folder })
  const answer = await second.post(body, headers)

  t.is(answer.status, 409)
  t.is(await codeOf(answer), 'INTEGRATION_INBOUND_REPLAYED')
  t.is((await second.payloads()).length, 1)
})

test('what the partner signs again under the same id is answered as taken, adds no job, and cannot be replayed either', async (t) => {
  const { post, hook, clock, payloads } = await startInbound(t)
  await post(body, hook('msg_1', body))

  await clock.advance(60_000)
  const again = hook('msg_1', body)

  t.deepEqual(await (await post(body, again)).json(), { id: 'msg_1', repeated: true })
  t.is(await codeOf(await post(body, again)), 'INTEGRATION_INBOUND_REPLAYED')
  t.is((await payloads()).length, 1)
})

test('once the window is over a replay is too old', async (t) => {
  const { post, hook, clock } = await startInbound(t, { ...byWebhooks, tolerance: '1m' })
  const headers = hook('msg_1', body)
  t.is((await post(body, headers)).status, 202)

  await clock.advance(62_000)

  t.is((await post(body, headers)).status, 401)
})

test('while a key is replaced, both are good', async (t) => {
  const { post, hook, counted } = await startInbound(t, { ...byWebhooks, keys: { now: secret, next: otherSecret } })

  t.deepEqual(await counted([post(body, hook('msg_1', body)), post(body, hook('msg_2', body, { secret: otherSecret }))]), { 202: 2 })
})

test('a good message that is no JSON, or that the queue does not take, is 422 and says where', async (t) => {
  const schema = { type: 'object', properties: { body: { type: 'object', properties: { amount: { type: 'integer' } } } } }
  const { post, hook, payloads } = await startInbound(t, byWebhooks, { queue: { schema, maxPayload: '64KiB' } })
  const bodies = ['', '{', '"\\u0000"', '{"__proto__":{}}', `[${'9'.repeat(400)}]`, '['.repeat(400_000), `${'['.repeat(40)}${']'.repeat(40)}`, `"${'x'.repeat(70_000)}"`]
  for (const [index, text] of bodies.entries()) t.is(await codeOf(await post(text, hook(`bad_${index}`, text))), 'INTEGRATION_INBOUND_INVALID', text.slice(0, 20))

  const wrong = '{"amount":"much"}'
  const answer = await post(wrong, hook('msg_2', wrong))
  t.is(answer.status, 422)
  t.like(await answer.json(), { errors: [{ path: '/amount' }] })
  t.is(await codeOf(await post('{}', { ...hook('msg_3', '{}'), 'content-type': 'text/plain' })), 'INTEGRATION_INBOUND_INVALID')
  t.deepEqual(await payloads(), [])
})

test('while the queue is down the partner is asked to send it again, and a fallback takes nothing', async (t) => {
  const folder = emptyFolder(t)
  writeFileSync(join(folder, 'file'), '')
  const kernel = await createKernel({
    version: 1, name: 'shop', server: { port: 0 },
    connections: { gone: { use: 'sqlite', with: { file: 'file/shop.db', writer: 'main' } } },
    ports: {
      queue: { on: 'gone', queues: { events: {} }, optional: true },
      integrations: { use: 'file', with: { directory: 'out' }, operations: { charge: { method: 'POST', path: '/' } }, inbound: { verify: byWebhooks, to: { queue: 'events' } }, fallback: [{ use: 'static' }] },
    },
  }, { directory: folder, env: {}, log: silentLog })
  t.teardown(() => kernel.close())
  const now = new Date()
  const headers = { 'content-type': 'application/json', 'webhook-id': 'a', 'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)), 'webhook-signature': new Webhook(secret).sign('a', now, body) }

  const answer = await fetch(`${(await kernel.listen()).url}/v1/integrations/_inbound`, { method: 'POST', headers, body })

  t.is(answer.status, 503)
  t.is(answer.headers.get('retry-after'), '5')
  t.is(answer.headers.get('portico-degraded'), null)
  t.is(await codeOf(answer), 'INTEGRATION_INBOUND_NOT_TAKEN')
})

test('a key that is none ends the start, and is not shown', async (t) => {
  const error = await t.throwsAsync(startInbound(t, { scheme: 'standard-webhooks', keys: { now: 'hunter2' } }), { code: 'PLUGIN_START_FAILED' })

  t.regex(error?.message ?? '', /inbound\.verify\.keys\.now/)
  t.false(error?.message.includes('hunter2'))
})

test('in process a message is taken from its bytes, and the description tells where it goes', async (t) => {
  const kernel = await createKernel({
    version: 1, name: 'shop',
    ports: { 'queue.hooks': { use: 'memory', queues: { events: {} } }, integrations: { use: 'static', operations: {}, inbound: { verify: byWebhooks, to: { binding: 'queue.hooks', queue: 'events' } } } },
  }, { directory: emptyFolder(t), env: {} })
  t.teardown(() => kernel.close())
  const now = new Date()
  const headers = { 'content-type': 'application/cloudevents+json', 'webhook-id': 'a', 'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)), 'webhook-signature': new Webhook(secret).sign('a', now, body) }

  t.deepEqual(await kernel.ports.integrations.receive({ message: { method: 'POST', headers, body: new TextEncoder().encode(body) } }), { id: 'a', repeated: false })
  t.like(await kernel.ports.integrations.describe({}), { inbound: { scheme: 'standard-webhooks', binding: 'queue.hooks', queue: 'events' } })
  // A caller in JavaScript may give anything.
  await t.throwsAsync(kernel.ports.integrations.receive({ message: { method: 'POST', headers, body: body as never } }), { code: 'INPUT_INVALID' })
})
