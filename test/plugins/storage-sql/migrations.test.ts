import test from 'ava'
import { storageMigrations } from '../../contract/storage-migrations.ts'
import { folder } from './harness.ts'

for (const { title, run } of storageMigrations) {
  test(title, (t) => run(t, { place: () => ({ directory: folder(t), connections: { main: { use: 'sqlite', with: { file: 'storage.db' } } }, storage: { on: 'main' } }) }))
}
