import type { CallOptions, Unit } from '../call.ts'
import { isPorticoError } from '../errors.ts'
import type { Json } from '../json.ts'
import { wordsOfThrown } from '../thrown.ts'
import { isJobFailure } from './handler.ts'
import { maxMessageLength } from '../ports/queue/kept-errors.ts'

/** A unit of work that whoever did the job staged something in. */
export interface StagedUnit extends Unit {
  commit(options?: CallOptions): Promise<void>
}

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly result?: Json | undefined; readonly unit?: StagedUnit | undefined }
  | Failed
  /** Not counted as an attempt; `slow` and `stop` are about the worker, not the job. */
  | { readonly kind: 'released'; readonly slow?: { readonly retryAfterMs?: number | undefined }; readonly stop?: string }

export interface Failed {
  readonly kind: 'failed'
  readonly error: { readonly message: string; readonly code?: string }
  readonly retryInMs?: number | undefined
  readonly dead?: boolean
  /** For the log alone. */
  readonly cause?: unknown
}

const maxCodeChars = 100
const tenYearsMs = 315_576_000_000

/** What was thrown as the failure of an attempt, in words that the queue keeps. */
export function failureOf(thrown: unknown, hide: (text: string) => string): Failed {
  const code = codeOf(thrown)
  const error = { message: kept(hide(wordsOfThrown(thrown)), maxMessageLength), ...(code !== undefined && { code: kept(hide(code), maxCodeChars) }) }
  if (!isJobFailure(thrown)) return { kind: 'failed', error, cause: thrown }
  if (thrown.dead) return { kind: 'failed', error, dead: true, cause: thrown }
  const retryInMs = thrown.retryInMs !== undefined && Number.isFinite(thrown.retryInMs) ? Math.min(tenYearsMs, Math.max(0, Math.round(thrown.retryInMs))) : undefined
  return { kind: 'failed', error, retryInMs, cause: thrown }
}

function codeOf(thrown: unknown): string | undefined {
  if (isPorticoError(thrown)) return thrown.code
  try {
    const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
    return typeof code === 'string' && code !== '' ? code : undefined
  } catch {
    return undefined
  }
}

/** NUL and half a character are kept by no backend. */
function kept(text: string, maxChars: number): string {
  const shown = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text
  return shown.toWellFormed().replaceAll('\0', '\uFFFD')
}
