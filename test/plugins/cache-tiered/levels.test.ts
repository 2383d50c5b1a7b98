import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { silentLog } from '../../contract/log.ts'

const near = { use: 'lru' }
const shared = { on: 'main' }
const tiered = { use: 'tiered', with: { levels: [near, shared] } }

const wrong: readonly (readonly [string, readonly object[], RegExp])[] = [
  ['what replicas share before what is in the process', [shared, near], /levels\.0: [^]*levels\.1: /],
  ['what replicas share twice', [shared, shared], /levels\.0: "sql"/],
  ['two in the process', [near, near], /levels\.1: "lru"/],
  ['copies of copies', [near, tiered], /levels\.1: "tiered"/],
  ['copies before copies', [tiered, shared], /levels\.0: "tiered"/],
]

for (const [what, levels, message] of wrong) {
  test(`levels that are ${what} are refused before anything starts`, async (t) => {
    const manifest = { version: 1, name: 'test', connections: { main: { use: 'sqlite', with: { file: '/nowhere/at/all.db' } } }, ports: { cache: { use: 'tiered', with: { levels } } } }

    await t.throwsAsync(createKernel(manifest, { log: silentLog, env: {} }), { code: 'MANIFEST_INVALID', message })
  })
}
