import type { ExecutionContext } from 'ava'
import type { Bound, Clock, Unit } from '../../kernel/plugin.ts'
import { contractKeys } from './storage-keys.ts'

export type BoundStorage = Bound['storage']

export interface StorageParts {
  readonly storage: BoundStorage
  /** `advance` moves the kernel's time and the backend's: at once where they are one, by waiting where a server has its own. */
  readonly clock: Clock & { advance(ms: number): Promise<void> }
  /** An open unit of work on the binding's connection. */
  unit(): { readonly unit: Unit; commit(): Promise<void> }
}

/** How the cases meet a driver. */
export interface StorageHarness {
  /** What the driver declares: `units`. */
  readonly capabilities: readonly string[]
  /** Whose time a record expires by: the kernel's clock, or a server's own. */
  readonly time: 'kernel' | 'server'
  /** A stand-in for a server that orders ids by UTF-16 code units: it is given none where that order is another. */
  readonly utf16Ids?: boolean
  /** Starts a binding with these keys of the port, as a manifest writes them, on an empty backend; closed and taken away when the test ends. */
  start(t: ExecutionContext, keys: object): Promise<StorageParts>
}

export interface StorageCase {
  readonly title: string
  run(t: ExecutionContext, harness: StorageHarness): Promise<void>
}

/** A case on `contractKeys`. */
export function promise(title: string, body: (t: ExecutionContext, parts: StorageParts, harness: StorageHarness) => Promise<void>): StorageCase {
  return { title, run: async (t, harness) => body(t, await harness.start(t, contractKeys), harness) }
}

/** What needs the capability `units`: kept where it is declared, refused where not. */
export function unitPromise(title: string, body: (t: ExecutionContext, parts: StorageParts) => Promise<void>): StorageCase {
  const run: StorageCase['run'] = async (t, harness) => {
    const parts = await harness.start(t, contractKeys)
    if (harness.capabilities.includes('units')) return body(t, parts)
    await t.throwsAsync(parts.storage.write({ operations: [{ insert: { collection: 'orders', value: {} } }] }), { code: 'STORAGE_UNSUPPORTED' })
  }
  return { title: `${title} (or is refused)`, run }
}
