import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Clock } from '../../kernel/plugin.ts'
import type { BoundLocks, LocksParts } from './locks-case.ts'
import { silentLog } from './log.ts'

/** Two kernels with one manifest, on whatever its connection leads to. */
export async function lockReplicas(t: ExecutionContext, clock: Clock, connection: object): Promise<LocksParts> {
  const manifest = { version: 1, name: 'contract', connections: { main: connection }, ports: { 'locks.work': { on: 'main' } } }
  const start = async (): Promise<BoundLocks> => {
    const kernel = await createKernel(manifest, { clock, log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    const locks = kernel.ports['locks.work']
    if (!locks) throw new Error('the manifest declares it')
    return locks
  }
  return { locks: await start(), other: await start() }
}
