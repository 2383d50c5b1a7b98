import test from 'ava'
import { storageContract } from '../../contract/storage.ts'
import { storageHarness } from '../../contract/storage-harness.ts'

const memory = (binding: 'storage' | 'storage.reports', maxSize: string) => storageHarness({
  capabilities: ['units'], time: 'kernel', binding,
  place: () => ({ storage: { use: 'memory', with: { maxSize } } }),
})

for (const { title, run } of storageContract) {
  test(`memory: ${title}`, (t) => run(t, memory('storage', '64MiB')))
  test(`memory, a named binding: ${title}`, (t) => run(t, memory('storage.reports', '256MiB')))
}
