import test from 'ava'
import { storageHarness } from '../../contract/storage-harness.ts'
import { storageOracle } from '../../contract/storage-oracle.ts'

const memory = storageHarness({ capabilities: ['units'], time: 'kernel', place: () => ({ storage: { use: 'memory', with: { maxSize: '64MiB' } } }) })

for (const { title, run } of storageOracle) test(`memory: ${title}`, (t) => run(t, memory))
