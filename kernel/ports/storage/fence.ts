import type { Call } from '../../call.ts'
import { checkId } from './check-document.ts'
import { ownCollections } from './collections.ts'
import { storageError } from './errors.ts'
import type { Fenced } from './operations.ts'
import type { StorageStage } from './stage.ts'

interface FenceParts {
  /** `storage.put`: named in errors of the input. */
  readonly title: string
  /** The process's time in milliseconds. */
  readonly nowMs: number
  readonly call: Call
}

/**
 * Lets the unit commit only while nobody wrote under a greater token of the lock, and keeps this one when it is the greatest: as a record
 * of Portico's own, whose version is the token, in the commit of what it guards. Of two at the same time one commits; the other runs again, and
 * finds the token of the first.
 * @throws LOCK_FENCED
 */
export async function demandFence({ fence }: Fenced, stage: StorageStage, { title, nowMs, call }: FenceParts): Promise<void> {
  if (!fence) return
  const { lock, fencingToken } = fence
  checkId(title, lock, '/fence/lock')
  const [row] = await stage.see(ownCollections.fences, [lock], call)
  const greatest = row ? Number(row.version) : 0
  if (fencingToken < greatest) throw storageError('LOCK_FENCED', { lock })
  // What was seen must be so still when the unit commits.
  if (fencingToken === greatest) return
  const kept = { id: lock, text: '{}', version: String(fencingToken), createdAtMs: row?.createdAtMs ?? nowMs, updatedAtMs: nowMs, expiresAtMs: null, keys: [] }
  stage.write(ownCollections.fences, lock, row ? { version: row.version } : 'absent', kept, 'STORAGE_CONTENDED')
}
