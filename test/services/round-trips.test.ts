import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { relayTo } from '../tools/relay.ts'
import { databaseOf, testWith } from './server.ts'

for (const server of ['POSTGRES', 'MARIADB'] as const) {
  testWith([server], 'a hundred operations on one collection are written in at most four round trips, and two more for each further one', async (t, url) => {
    const { url: own, connection } = await databaseOf(t, url)
    const relay = await relayTo(own)
    t.teardown(() => relay.close())
    const kernel = await createKernel({
      version: 1, name: 'trips', connections: { main: { use: connection.use, with: { url: relay.url } } },
      ports: { storage: { on: 'main', collections: { orders: { indexes: [['n']] }, items: {}, others: {} } } },
    }, { log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    const { storage } = kernel.ports
    const write = (collections: readonly string[]) => storage.write({ operations: Array.from({ length: 100 }, (_, n) => ({ put: { collection: collections[n % collections.length] ?? '', id: `o${n}`, value: { n } } })) })
    // The first ones connect and prepare.
    for (let n = 0; n < 3; n++) await write(['orders', 'items', 'others'])

    relay.roundTrips()
    await write(['orders'])
    t.true(relay.roundTrips() <= 4)

    await write(['orders', 'items'])
    t.true(relay.roundTrips() <= 6)

    await write(['orders', 'items', 'others'])
    t.true(relay.roundTrips() <= 8)
  })
}
