import { storageMigrations } from '../contract/storage-migrations.ts'
import { testDatabase } from './mongodb.ts'
import { openReplicaSet } from './replica-set.ts'
import { databaseOf, testWith } from './server.ts'

for (const { title, run } of storageMigrations) {
  for (const server of ['POSTGRES', 'MARIADB'] as const) {
    testWith([server], title, (t, url) => run(t, { place: async () => ({ connections: { main: (await databaseOf(t, url)).connection }, storage: { on: 'main' } }) }))
  }
  testWith(['MONGODB'], title, (t, server = '') => run(t, {
    place: async () => {
      const { url } = await openReplicaSet(t, (await testDatabase(t, server)).url)
      return { connections: { main: { use: 'mongodb', with: { url } } }, storage: { on: 'main' } }
    },
  }))
}
