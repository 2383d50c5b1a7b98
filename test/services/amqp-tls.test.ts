import { folder } from '../plugins/storage-sql/harness.ts'
import { Authority } from './certificates.ts'
import { leaseOne, startQueue, through } from './queue-amqp-start.ts'
import { openVhost } from './rabbitmq.ts'
import { testWith } from './server.ts'
import { openTlsFront } from './tls-front.ts'

testWith(['RABBITMQ'], 'over TLS a broker is used whose certificate is good and names the host, and it is shown one where it asks', async (t, url = '') => {
  const vhost = await openVhost(t, url)
  const upstream = { host: new URL(url).hostname, port: Number(new URL(url).port) }
  const authority = new Authority(folder(t), 'good')
  const good = await openTlsFront(t, { upstream, asks: false, identity: authority.sign('127.0.0.1') })
  const other = await openTlsFront(t, { upstream, asks: false, identity: authority.sign('mq.example.com') })
  const asking = await openTlsFront(t, { upstream, asks: false, identity: authority.sign('127.0.0.1'), clientCa: authority.ca })
  const start = (port: number, tls: object) => startQueue(t, vhost, { url: through(vhost.url, port).replace('amqp:', 'amqps:'), settings: { connectWithin: '1s', tls } })

  const { queue } = await start(good.port, { ca: authority.ca })
  await queue.enqueue({ queue: 'emails', payload: 'over tls' })
  t.is((await leaseOne(queue, { queue: 'emails' })).job.payload, 'over tls')
  const { certificate, key } = authority.sign('portico.example.com')
  await start(asking.port, { ca: authority.ca, certificate, key })
  t.true(asking.shown.length > 0 && asking.shown.every((name) => name === 'portico.example.com'))

  await t.throwsAsync(start(good.port, {}), { code: 'DATABASE_FAILED', message: /certificate .*tls\.ca/ })
  await t.throwsAsync(start(good.port, { ca: new Authority(folder(t), 'stranger').ca }), { code: 'DATABASE_FAILED', message: /certificate .*tls\.ca/ })
  await t.throwsAsync(start(other.port, { ca: authority.ca }), { code: 'DATABASE_FAILED', message: /certificate .*host/ })
  await t.throwsAsync(start(good.port, { ca: '/nowhere/ca.pem' }), { code: 'DATABASE_FAILED', message: /a file of .*tls/ })
})
