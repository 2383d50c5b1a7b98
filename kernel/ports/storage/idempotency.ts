import { createHash } from 'node:crypto'
import type { Call } from '../../call.ts'
import { canonicalText } from './canonical.ts'
import { ownCollections } from './collections.ts'
import { storageError } from './errors.ts'
import { limits } from './limits.ts'
import type { Repeatable, WriteResult } from './operations.ts'
import type { StorageStage } from './stage.ts'
import type { Written } from './writes.ts'

/** One write that may be repeated. */
export interface Once<T> {
  /** `storage.insert`: part of what a key belongs to, and named in errors. */
  readonly title: string
  readonly input: Repeatable & object
  /** The process's time in milliseconds. */
  readonly nowMs: number
  readonly newVersion: () => string
  readonly call: Call
  readonly kept: KeptForm<T>
}

/** What is kept of an answer, small, and how it becomes the answer again for a caller who repeats the same input. */
interface KeptForm<T> {
  readonly keep: (answer: T) => object
  readonly recall: (kept: object) => T
}

/** Without the document: whoever repeats the input has it. */
export function rowWithoutText(text: () => string): KeptForm<Written> {
  return {
    keep: ({ row: { id, version, createdAtMs, updatedAtMs, expiresAtMs } }) => ({ id, version, createdAtMs, updatedAtMs, expiresAtMs }),
    // `keep` made it.
    recall: (kept) => ({ row: { ...(kept as Omit<Written['row'], 'text'>), text: text() } }),
  }
}

export const wholeResults: KeptForm<{ readonly results: readonly WriteResult[] }> = {
  keep: (answer) => answer,
  recall: (kept) => kept as { readonly results: readonly WriteResult[] },
}

interface Kept {
  readonly fingerprint: string
  readonly answer: object
}

/**
 * Runs `body` unless its key was used before, and keeps its answer in the same unit of work: both are there, or neither.
 * Of two at the same time one commits; the other runs again, and finds the answer of the first.
 * @throws STORAGE_KEY_REUSED when the key came with another input.
 */
export async function once<T>(of: Once<T>, stage: StorageStage, body: () => Promise<T>): Promise<T> {
  const { idempotencyKey, ...input } = of.input
  if (idempotencyKey === undefined) return body()

  const id = digest([of.call.subject ?? '', of.title, idempotencyKey])
  const fingerprint = digest(input)
  const [known] = await stage.see(ownCollections.idempotency, [id], of.call)
  if (known) {
    const kept = JSON.parse(known.text) as Kept
    if (kept.fingerprint !== fingerprint) throw storageError('STORAGE_KEY_REUSED', { operation: of.title })
    return of.kept.recall(kept.answer)
  }

  const answer = await body()
  const text = JSON.stringify({ fingerprint, answer: of.kept.keep(answer) } satisfies Kept)
  const { nowMs } = of
  const row = { id, text, version: of.newVersion(), createdAtMs: nowMs, updatedAtMs: nowMs, expiresAtMs: nowMs + limits.idempotencyMs, keys: [] }
  stage.write(ownCollections.idempotency, id, 'absent', row, 'STORAGE_CONTENDED')
  return answer
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalText(value)).digest('hex')
}
