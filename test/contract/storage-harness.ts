import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { SteppedClock, VirtualClock } from './clock.ts'
import { silentLog } from './log.ts'
import type { StorageHarness } from './storage-case.ts'

/** What a manifest says of the binding beside the port's own keys, and of what it stands on. */
export interface StoragePlace {
  /** `{ on: 'main' }` or `{ use: 'memory' }`, with the settings. */
  readonly storage: object
  readonly connections?: object
  readonly plugins?: readonly unknown[]
  /** Where relative paths start. */
  readonly directory?: string
}

export interface StorageBackend extends Pick<StorageHarness, 'capabilities' | 'time' | 'utf16Ids'> {
  /** An empty place that no other test has; `t.teardown` takes it away again. */
  place(t: ExecutionContext): StoragePlace | Promise<StoragePlace>
  /** The binding's name; `storage` unless set. */
  readonly binding?: 'storage' | 'storage.reports'
}

/** Meets a driver through a real manifest. */
export function storageHarness({ capabilities, time, utf16Ids = false, place, binding = 'storage' }: StorageBackend): StorageHarness {
  return {
    capabilities, time, utf16Ids,
    async start(t, keys) {
      const { storage, connections = {}, plugins = [], directory } = await place(t)
      const manifest = { version: 1, name: 'contract', plugins, connections, ports: { [binding]: { ...storage, ...keys } } }
      const clock = time === 'kernel' ? new VirtualClock() : new SteppedClock()
      const kernel = await createKernel(manifest, { clock, log: silentLog, env: {}, ...(directory !== undefined && { directory }) })
      t.teardown(() => kernel.close())

      const bound = kernel.ports[binding]
      if (!bound) throw new TypeError(`the manifest declares ${binding}`)
      const unit = () => {
        const made = kernel.unit()
        return { unit: made, commit: () => made.commit() }
      }
      return { storage: bound, clock, unit }
    },
  }
}
