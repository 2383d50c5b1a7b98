import { access, constants, mkdir } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import type { Clock, Log } from '../../kernel/plugin.ts'
import { integrationError } from '../../kernel/ports/integrations/index.ts'
import { FolderLock, FolderTaken, type Holder } from './folder-lock.ts'
import { openOutbox, type Outbox, type OutboxLimits } from './outbox.ts'
import { syncFolder } from './outbox-file.ts'

export interface OpenParts {
  readonly limits: OutboxLimits
  readonly binding: string
  readonly clock: Clock
  readonly log: Log
}

/** An outbox in a folder that nobody else has. */
export interface OpenedOutbox {
  readonly outbox: Outbox
  close(): Promise<void>
}

/**
 * Makes the folder when it is not there, and takes it.
 * @throws INTEGRATION_OUTBOX_TAKEN when another process, or another binding, has it; INTEGRATION_OUTBOX_UNUSABLE for any other reason.
 */
export async function openTaken({ limits, binding, clock, log }: OpenParts): Promise<OpenedOutbox> {
  const { directory } = limits
  let lock: FolderLock | undefined
  try {
    await mkdir(directory, { recursive: true })
    await syncFolder(dirname(directory))
    const taken = (lock = await FolderLock.take(directory, { pid: process.pid, host: hostname(), binding, since: new Date(clock.now()).toISOString() }))
    // Only now: what another process is writing looks like what a crash left.
    const outbox = await openOutbox(limits, clock, log)
    return {
      outbox,
      async close() {
        await outbox.close()
        taken.release()
      },
    }
  } catch (cause) {
    lock?.release()
    if (cause instanceof FolderTaken) throw integrationError('INTEGRATION_OUTBOX_TAKEN', { binding, directory, holder: wordsOf(cause.holder), ...(cause.holder && { pid: cause.holder.pid }) }, { cause })
    throw integrationError('INTEGRATION_OUTBOX_UNUSABLE', { binding, directory, reason: cause instanceof Error ? cause.message : String(cause) }, { cause })
  }
}

/** For who starts nothing: whether the folder, or what it would be made in, can be written to. */
export async function lookAt(directory: string): Promise<void> {
  for (let at = directory; ; at = dirname(at)) {
    try {
      return await access(at, constants.W_OK)
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (!isMissing || at === dirname(at)) throw error
    }
  }
}

function wordsOf(holder: Holder | undefined): string {
  if (!holder) return 'another process'
  const { pid, host, binding, since } = holder
  return pid === process.pid && host === hostname() ? `${binding} of this very process` : `process ${pid} on ${host} (${binding}, since ${since})`
}
