import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout } from 'node:timers/promises'
import { createKernel, type KernelOptions } from '../../../kernel/index.ts'
import type { Clock, Log } from '../../../kernel/plugin.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { handlersBy } from '../fixtures/working.ts'

const plugin = join(import.meta.dirname, '../fixtures/working.ts')

interface Teardown {
  teardown(end: () => Promise<void>): void
}

export interface WorkOptions extends Omit<KernelOptions, 'clock' | 'log'> {
  readonly queues?: object
  readonly server?: object
  readonly clock?: Clock
  readonly log?: Log
  readonly directory?: string
}

type Answered = ReturnType<typeof handlersBy.get> & object

/** A kernel over SQLite in a folder of its own, whose one extension answers these handlers; its time is moved by hand. */
export async function startWork<C extends Clock = VirtualClock>(t: Teardown, handlers: Answered | undefined, { queues = { emails: {} }, server = {}, clock = new VirtualClock(), log = silentLog, directory: given, ...options }: WorkOptions = {}) {
  const key = randomUUID()
  if (handlers) handlersBy.set(key, handlers)
  const directory = given ?? mkdtempSync(join(tmpdir(), 'portico-work-'))
  const manifest = {
    version: 1, name: 'shop', server: { port: 0, ...server },
    ...(handlers && { plugins: [{ use: plugin, with: { key } }] }),
    connections: { main: { use: 'sqlite', with: { file: 'work.db', writer: 'main', synchronous: 'normal' } } },
    ports: { queue: { on: 'main', queues }, storage: { on: 'main', collections: { mails: {} } } },
  }
  const kernel = await createKernel(manifest, { directory, clock, log, env: {}, ...options })
  t.teardown(async () => {
    await kernel.close()
    if (given === undefined) rmSync(directory, { recursive: true, force: true })
  })
  const { queue, storage } = kernel.ports
  return { kernel, queue, storage, clock: clock as unknown as C }
}

/** Answers when it is so; what is to come of itself comes within seconds, also on a machine that is busy. */
export async function until(isSo: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  const endMs = performance.now() + 30_000
  for (let looks = 0; !(await isSo()); looks++) {
    if (performance.now() > endMs) throw new Error(`${what} never came`)
    await (looks < 100 ? turn() : setTimeout(5))
  }
}

/** A promise that is kept by hand. */
export function gate(): { readonly opened: Promise<undefined>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { opened: promise, open: () => resolve(undefined) }
}
