import { storageContract } from '../contract/storage.ts'
import { storageHarness } from '../contract/storage-harness.ts'
import { storageOracle } from '../contract/storage-oracle.ts'
import { databaseOf, testWith } from './server.ts'

for (const server of ['POSTGRES', 'MARIADB'] as const) {
  for (const { title, run } of [...storageContract, ...storageOracle]) {
    testWith([server], title, (t, url) => run(t, storageHarness({
      capabilities: ['units'], time: 'server',
      place: async () => ({ connections: { main: (await databaseOf(t, url)).connection }, storage: { on: 'main' } }),
    })))
  }
}
