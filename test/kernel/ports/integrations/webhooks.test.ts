import test from 'ava'
import { Webhook } from 'standardwebhooks'
import { readSecret } from '../../../../kernel/ports/integrations/signatures/keys.ts'
import { verifyWebhook, webhookHeaders } from '../../../../kernel/ports/integrations/signatures/webhooks.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const keys = [readSecret(secret)]
const body = Buffer.from('{"test": 2432232314}')
const nowMs = 1_614_265_330_000
const how = { keys, nowMs, toleranceMs: 300_000 }

test('Standard Webhooks: what is signed here is good for its own library, and the other way round', (t) => {
  const now = new Date()
  const webhook = new Webhook(secret)
  t.notThrows(() => webhook.verify(body.toString(), webhookHeaders('msg_1', now.getTime(), body.toString(), keys)))

  const signature = webhook.sign('msg_2', new Date(nowMs), body.toString())
  t.deepEqual(verifyWebhook({ 'webhook-id': 'msg_2', 'webhook-timestamp': String(nowMs / 1_000), 'webhook-signature': `v1,AAAA v2,x ${signature}` }, body, how), { id: 'msg_2', createdMs: nowMs })
})

test('whatever is changed in a signed message makes it a bad one', (t) => {
  const good = webhookHeaders('msg_1', nowMs, body.toString(), keys)
  const cases: readonly [string, Record<string, string | string[]>, Buffer, object][] = [
    ['body', good, Buffer.from('{}'), {}],
    ['id', { ...good, 'webhook-id': 'msg_2' }, body, {}],
    ['an id with a dot', webhookHeaders('msg.1', nowMs, body.toString(), keys), body, {}],
    ['time', { ...good, 'webhook-timestamp': String(nowMs / 1_000 + 1) }, body, {}],
    ['no number', { ...good, 'webhook-timestamp': '1e9' }, body, {}],
    ['signature', { ...good, 'webhook-signature': 'v1,AAAA' }, body, {}],
    ['no version', { ...good, 'webhook-signature': String(good['webhook-signature']).slice(3) }, body, {}],
    ['an empty one', { ...good, 'webhook-signature': 'v1,' }, body, {}],
    ['twice', { ...good, 'webhook-signature': [String(good['webhook-signature']), ''] }, body, {}],
    ['none', {}, body, {}],
    ['another key', good, body, { keys: [Buffer.alloc(24)] }],
    ['no key', good, body, { keys: [] }],
    ['too late', good, body, { nowMs: nowMs + 300_001 }],
    ['too early', good, body, { nowMs: nowMs - 300_001 }],
    ['one in many', { ...good, 'webhook-signature': `${'v1,AAAA '.repeat(500)}${String(good['webhook-signature'])}` }, body, {}],
  ]
  t.false('bad' in verifyWebhook(good, body, how))
  for (const [what, headers, bytes, more] of cases) t.true('bad' in verifyWebhook(headers, bytes, { ...how, ...more }), what)
})
