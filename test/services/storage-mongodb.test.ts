import type { StorageHarness } from '../contract/storage-case.ts'
import { storageContract } from '../contract/storage.ts'
import { storageHarness } from '../contract/storage-harness.ts'
import { storageOracle } from '../contract/storage-oracle.ts'
import { serverKind, testDatabase } from './mongodb.ts'
import { testWith } from './server.ts'

async function mongodb(server: string): Promise<StorageHarness> {
  const { units, utf16Ids } = await serverKind(server)
  return storageHarness({
    capabilities: units ? ['units'] : [], time: 'server', utf16Ids,
    place: async (t) => ({ connections: { main: { use: 'mongodb', with: { url: (await testDatabase(t, server)).url } } }, storage: { on: 'main' } }),
  })
}

for (const { title, run } of [...storageContract, ...storageOracle]) testWith(['MONGODB'], title, async (t, server) => run(t, await mongodb(server)))
