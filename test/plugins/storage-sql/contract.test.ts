import test from 'ava'
import { storageContract } from '../../contract/storage.ts'
import { storageHarness } from '../../contract/storage-harness.ts'
import { folder } from './harness.ts'

const sqlite = (writer: 'worker' | 'main', binding: 'storage' | 'storage.reports') => storageHarness({
  capabilities: ['units'], time: 'kernel', binding,
  place: (t) => ({ directory: folder(t), connections: { main: { use: 'sqlite', with: { file: 'storage.db', writer } } }, storage: { on: 'main' } }),
})

for (const { title, run } of storageContract) {
  test(`sqlite, writer worker: ${title}`, (t) => run(t, sqlite('worker', 'storage')))
  test(`sqlite, writer main, a named binding: ${title}`, (t) => run(t, sqlite('main', 'storage.reports')))
}
