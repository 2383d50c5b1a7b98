import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { contractCollections, storageContract, type StorageHarness } from '../../contract/storage.ts'
import { contractViews, storageViewCases } from '../../contract/storage-views.ts'
import { silentLog } from './harness.ts'

const throughManifest = (writer: 'worker' | 'main', name: 'storage' | 'storage.reports'): StorageHarness => ({
  async start(t) {
    const clock = new VirtualClock()
    const directory = mkdtempSync(join(tmpdir(), 'portico-storage-'))
    const manifest = { version: 1, name: 'contract', connections: { main: { use: 'sqlite', with: { file: 'storage.db', writer } } }, ports: { [name]: { on: 'main', collections: contractCollections, views: contractViews } } }
    const kernel = await createKernel(manifest, { directory, clock, log: silentLog, env: {} })
    t.teardown(async () => {
      await kernel.close()
      rmSync(directory, { recursive: true, force: true })
    })
    const storage = kernel.ports[name]
    if (!storage) throw new Error('the manifest declares it')
    const unit = () => {
      const made = kernel.unit()
      return { unit: made, commit: () => made.commit() }
    }
    return { storage, clock, unit }
  },
})

for (const { title, run } of [...storageContract, ...storageViewCases]) {
  test(`sqlite, writer worker: ${title}`, (t) => run(t, throughManifest('worker', 'storage')))
  test(`sqlite, writer main, a named binding: ${title}`, (t) => run(t, throughManifest('main', 'storage.reports')))
}
