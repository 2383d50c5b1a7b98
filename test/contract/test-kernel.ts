import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Bound, createKernel, type Kernel, type KernelOptions } from '../../kernel/index.ts'
import { childOf, entriesOf, type Node, nodeAt, textAt } from '../../kernel/manifest/nodes.ts'
import { Problems } from '../../kernel/manifest/problems.ts'
import { readManifest } from '../../kernel/manifest/read.ts'
import type { Clock } from '../../kernel/plugin.ts'
import { SteppedClock, VirtualClock } from './clock.ts'
import { silentLog } from './log.ts'
import type { TestDatabase } from './test-database.ts'

export interface TestKernel {
  readonly kernel: Kernel
  /** `kernel.ports`. */
  readonly ports: Bound
  /** Its time: what expires, is due or is leased waits for `advance`. With a database that has a time of its own, `advance` waits as long. */
  readonly clock: Clock & { advance(ms: number): Promise<void> }
  /** Closes the kernel and takes its files away; a job handler that is still at work has the time of `server.drainTimeout`, which passes at once. */
  close(): Promise<void>
}

/** `env` is empty unless given, so that no test depends on the machine it runs on. */
export interface TestKernelOptions extends Omit<KernelOptions, 'clock'> {
  /** What every database is exchanged for, in place of a SQLite file for each. */
  readonly database?: Pick<TestDatabase, 'connection'>
}

/** Connections to databases: whatever stands on one stands as well on a SQLite file. */
const databases: ReadonlySet<string> = new Set(['sqlite', 'postgres', 'mysql', 'mongodb'])

/**
 * Starts a manifest, a path or a value, for one test: every database is an empty SQLite file in a folder of its own, or the
 * `database` given; an outbox is a folder there, and time is moved by hand. All else is as the manifest says; partners that it calls are pointed elsewhere by
 * `set: ['ports.integrations.payments.with.baseUrl=…']`, which comes after what is exchanged here.
 * @throws MANIFEST_INVALID and all that `createKernel` throws.
 */
export async function testKernel(manifest: string | object, { directory = process.cwd(), env = {}, set = [], database, ...options }: TestKernelOptions = {}): Promise<TestKernel> {
  const source = typeof manifest === 'string' ? { path: resolve(manifest) } : { manifest, directory }
  // What is wrong with it is told by the start below.
  const raw = await readManifest(source, { env, ...(options.overlay !== undefined && { overlay: options.overlay }) }, new Problems())
  const folder = await mkdtemp(join(tmpdir(), 'portico-test-'))
  const remove = () => rm(folder, { recursive: true, force: true })

  const clock = database && database.connection.use !== 'sqlite' ? new SteppedClock() : new VirtualClock()
  const into = (path: string) => database?.connection ?? { use: 'sqlite', with: { file: join(folder, `${path}.db`), writer: 'main', synchronous: 'normal' } }
  try {
    const kernel = await createKernel(manifest, { log: silentLog, ...options, directory, env, clock, set: [...(raw ? exchanges(raw.root, folder, into) : []), ...set] })
    return { kernel, ports: kernel.ports, clock, close: () => closeInTime(kernel, clock).finally(remove) }
  } catch (error) {
    await remove()
    throw error
  }
}

/** A handler that still works is waited for by the kernel's time, which would stand still. */
async function closeInTime(kernel: Kernel, clock: TestKernel['clock']): Promise<void> {
  const closed = kernel.close()
  while (kernel.workers.some(({ running }) => running > 0)) {
    await clock.advance(100)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
}

/** What is exchanged, as `--set` says it: a new `use` drops what belonged to the old one. */
function exchanges(root: Node, folder: string, into: (path: string) => TestDatabase['connection']): readonly string[] {
  const connections = [...entriesOf(nodeAt(root, ['connections']))].map(([name, { value }]) => ({ path: `connections.${name}`, node: value }))
  const bindings = [...entriesOf(nodeAt(root, ['ports']))].map(([name, { value }]) => ({ path: `ports.${name}`, node: value }))
  const held = bindings.map(({ path, node }) => ({ path: `${path}.on`, node: childOf(node, 'on') }))
  const fallbacks = bindings.flatMap(({ path, node }) => {
    const list = childOf(node, 'fallback')
    return list?.kind === 'list' ? list.items.map((item, index) => ({ path: `${path}.fallback.${index}`, node: item })) : []
  })

  return [
    ...[...connections, ...held].filter(({ node }) => databases.has(textAt(node, ['use']) ?? ''))
      .flatMap(({ path }) => {
        const { use, with: settings } = into(path)
        return [`${path}.use=${use}`, ...Object.entries(settings).map(([name, value]) => `${path}.with.${name}=${value}`)]
      }),
    ...[...bindings, ...fallbacks].filter(({ path, node }) => path.startsWith('ports.integrations') && textAt(node, ['use']) === 'file')
      .map(({ path }) => `${path}.with.directory=${join(folder, path)}`),
  ]
}
