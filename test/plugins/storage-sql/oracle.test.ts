import test from 'ava'
import { storageHarness } from '../../contract/storage-harness.ts'
import { storageOracle } from '../../contract/storage-oracle.ts'
import { folder } from './harness.ts'

const sqlite = storageHarness({
  capabilities: ['units'], time: 'kernel',
  place: (t) => ({ directory: folder(t), connections: { main: { use: 'sqlite', with: { file: 'storage.db', writer: 'main', synchronous: 'normal' } } }, storage: { on: 'main' } }),
})

for (const { title, run } of storageOracle) test(`sqlite: ${title}`, (t) => run(t, sqlite))
