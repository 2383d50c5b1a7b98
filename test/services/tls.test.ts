import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { folder } from '../plugins/storage-sql/harness.ts'
import { Authority } from './certificates.ts'
import { databaseOf, type ServerName, testWith } from './server.ts'
import { openTlsFront } from './tls-front.ts'

/** How each connection is told of its own certificate. */
const backends: readonly { readonly server: ServerName; readonly use: string; readonly asks: boolean; readonly client: (signed: ReturnType<Authority['sign']>) => object }[] = [
  { server: 'POSTGRES', use: 'postgres', asks: true, client: ({ certificate, key }) => ({ certificate, key }) },
  { server: 'MONGODB', use: 'mongodb', asks: false, client: ({ both }) => ({ certificate: both }) },
]

for (const { server, use, asks, client } of backends) {
  const start = async (t: ExecutionContext, url: string, port: number, tls: object) => {
    const through = new URL(url)
    through.hostname = '127.0.0.1'
    through.port = String(port)
    const kernel = await createKernel({ version: 1, name: 'tls', connections: { main: { use, with: { url: through.href, connectWithin: '2s', tls: { enabled: true, ...tls } } } }, ports: { storage: { on: 'main', collections: { orders: {} } } } }, { log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    return kernel.ports.storage
  }

  testWith([server], 'over TLS a server is used whose certificate is good and names the host, and no other', async (t, given = '') => {
    const { url } = await databaseOf(t, given)
    const upstream = { host: new URL(given).hostname, port: Number(new URL(given).port) }
    const authority = new Authority(folder(t), 'good')
    const good = await openTlsFront(t, { upstream, asks, identity: authority.sign('127.0.0.1') })
    const other = await openTlsFront(t, { upstream, asks, identity: authority.sign('db.example.com') })

    const storage = await start(t, url, good.port, { ca: authority.ca })
    await storage.insert({ collection: 'orders', id: 'o1', value: { over: 'tls' } })
    t.like(await storage.get({ collection: 'orders', id: 'o1' }), { value: { over: 'tls' } })

    await t.throwsAsync(start(t, url, good.port, {}), { code: 'DATABASE_FAILED', message: /certificate .*tls\.ca/ })
    await t.throwsAsync(start(t, url, good.port, { ca: new Authority(folder(t), 'stranger').ca }), { code: 'DATABASE_FAILED', message: /certificate .*tls\.ca/ })
    await t.throwsAsync(start(t, url, other.port, { ca: authority.ca }), { code: 'DATABASE_FAILED', message: /certificate .*host/ })
  })

  testWith([server], 'a server that wants a certificate of its clients is shown one', async (t, given = '') => {
    const { url } = await databaseOf(t, given)
    const upstream = { host: new URL(given).hostname, port: Number(new URL(given).port) }
    const authority = new Authority(folder(t), 'both')
    const front = await openTlsFront(t, { upstream, asks, identity: authority.sign('127.0.0.1'), clientCa: authority.ca })

    const storage = await start(t, url, front.port, { ca: authority.ca, ...client(authority.sign('portico.example.com')) })

    await t.notThrowsAsync(storage.insert({ collection: 'orders', value: {} }))
    t.true(front.shown.length > 0 && front.shown.every((name) => name === 'portico.example.com'))
    await t.throwsAsync(start(t, url, front.port, { ca: authority.ca }))
  })
}
