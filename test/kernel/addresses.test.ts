import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import test from 'ava'
import { allowsPrivate, isPrivate, judgedLookup, PrivateAddress, type Address } from '../../kernel/addresses.ts'
import { NoAnswer } from '../../kernel/workers/delivery/answer.ts'
import { Poster } from '../../kernel/workers/delivery/poster.ts'

const never = new AbortController().signal
const v4 = (address: string): Address => ({ address, family: 4 })

test('only addresses of the public internet are public', (t) => {
  const ours = [
    '127.0.0.1', '127.255.255.254', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '100.127.255.255', '0.0.0.0', '192.0.0.8', '192.0.2.1', '198.18.0.1',
    '198.51.100.7', '203.0.113.9', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', '::', '::1', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1',
    'fe80::1', 'fe80::1%eth0', 'fec0::1', 'fc00::1', 'fd12:3456::1', 'ff02::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '4000::1', 'no address', '',
  ]
  const theirs = ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.255.255', '100.128.0.1', '192.0.1.1', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888']

  t.deepEqual(ours.filter((address) => !isPrivate(address)), [])
  t.deepEqual(theirs.filter(isPrivate), [])
})

test('a name is refused when any of its addresses is private, and has only those that were judged', async (t) => {
  const look = (addresses: readonly Address[], allowPrivate = false) => promisify(judgedLookup(async () => addresses, () => allowPrivate) as (name: string, options: object, callback: (error: Error | null, found: unknown) => void) => void)

  await t.throwsAsync(look([v4('8.8.8.8'), v4('10.0.0.1')])('mixed.example', { all: true }), { instanceOf: PrivateAddress })
  await t.throwsAsync(look([])('none.example', { all: true }), { code: 'ENOTFOUND' })
  t.deepEqual(await look([v4('8.8.8.8')])('public.example', { all: true }), [v4('8.8.8.8')])
  t.is(await look([v4('8.8.8.8')])('public.example', {}), '8.8.8.8')
  t.deepEqual(await look([v4('10.0.0.1')], true)('cluster.example', { all: true }), [v4('10.0.0.1')])
})

test('what may be private is named by host, address or network, and nothing else is', (t) => {
  const allows = allowsPrivate(['db.cluster.local', '10.1.0.0/16', '192.168.1.7', 'fd12::/16'])

  const cases: readonly [string, string, boolean][] = [
    ['db.cluster.local', '127.0.0.1', true], ['xdb.cluster.local', '127.0.0.1', false], ['x', '10.1.255.1', true], ['x', '10.2.0.1', false], ['x', '::ffff:10.1.0.1', true],
    ['x', '192.168.1.7', true], ['x', '192.168.1.8', false], ['x', 'fd12:1::1', true], ['x', 'fd13::1', false], ['x', 'fe80::1%eth0', false],
  ]
  for (const [name, address, allowed] of cases) t.is(allows(name, address), allowed, `${name} ${address}`)
  t.false(allowsPrivate([])('localhost', '127.0.0.1'))
  for (const wrong of ['', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '10.0.0.0/8/8', 'fd00::/129', '*', 'http://a', 'a b', '999.1.1.1']) t.throws(() => allowsPrivate([wrong]), undefined, wrong)
})

test('an answer that changes between a check and the connect changes nothing: there is one look, and it is what is connected to', async (t) => {
  const server = createServer((_, response) => response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  let looks = 0
  // Public when it is looked at first, this machine ever after.
  const rebinding = async () => [v4(looks++ === 0 ? '8.8.8.8' : '127.0.0.1')]
  const poster = new Poster({ url: new URL(`http://rebinding.example:${port}/`), connections: 1, timeoutMs: 1_500, maxAnswerBytes: 1_000, allowPrivate: false, resolve: rebinding })
  t.teardown(() => poster.close())

  const first = await t.throwsAsync(poster.post('{}', {}, never), { instanceOf: NoAnswer })
  const second = await t.throwsAsync(poster.post('{}', {}, never), { instanceOf: NoAnswer })

  // The address that was judged leads nowhere here; the second look was judged, too.
  t.not(first.code, 'QUEUE_PUSH_PRIVATE_ADDRESS')
  t.is(second.code, 'QUEUE_PUSH_PRIVATE_ADDRESS')
  t.is(looks, 2)
})

test('a delivery that is given up ends at once', async (t) => {
  const server = createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  const poster = new Poster({ url: new URL(`http://127.0.0.1:${port}/`), connections: 1, timeoutMs: 60_000, maxAnswerBytes: 1_000, allowPrivate: false, resolve: async () => [] })
  t.teardown(() => poster.close())
  const give = new AbortController()

  const posted = poster.post('{}', {}, give.signal)
  await once(server, 'request')
  give.abort()

  await t.throwsAsync(posted, { instanceOf: NoAnswer, code: 'QUEUE_PUSH_LOST' })
  await t.throwsAsync(poster.post('{}', {}, give.signal), { instanceOf: NoAnswer })
})
