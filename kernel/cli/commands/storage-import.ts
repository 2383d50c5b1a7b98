import { open as openFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { OnConflict } from '../../ports/storage/index.ts'
import type { CommonFlags } from '../options.ts'
import { InputError, type Outcome } from '../outcome.ts'
import type { Terminal } from '../terminal.ts'
import { Importing } from '../transfer/importing.ts'
import { FlatHeap } from '../transfer/heap.ts'
import { chunksOf } from '../transfer/lines.ts'
import { type OpenStorage, withStorage } from '../transfer/open.ts'
import { Progress } from '../transfer/progress.ts'
import { importFailed, importOutcome } from '../transfer/report.ts'

export interface ImportFlags extends CommonFlags {
  readonly in?: string
  readonly collection?: readonly string[]
  readonly onConflict?: OnConflict
  readonly resume?: boolean
  readonly partial?: boolean
  readonly ignoreSteps?: boolean
}

/** Reads an export into a storage binding; a file is checked whole before the first record is written. */
export async function storageImport(flags: ImportFlags, binding: string, terminal: Terminal): Promise<Outcome> {
  const file = flags.in === undefined || flags.in === '-' ? undefined : flags.in
  // Before a start makes the space for new objects larger than what streams through needs.
  const heap = new FlatHeap()
  return withStorage({ ...flags, preparing: 'nothing' }, binding, terminal, (open) => importAll(open, flags, file, heap, terminal))
}

async function importAll(open: OpenStorage, flags: ImportFlags, file: string | undefined, heap: FlatHeap, terminal: Terminal): Promise<Outcome> {
  const progress = new Progress(terminal.progress)
  const importing = new Importing(open, {
    file: file ?? 'standard input', progress,
    only: flags.collection ? open.chosen : undefined,
    partial: flags.partial ?? false, resume: flags.resume ?? false, ignoreSteps: flags.ignoreSteps ?? false, heap, onConflict: flags.onConflict ?? 'fail',
  })
  try {
    if (file === undefined) await importing.run(terminal.input)
    else await fromFile(importing, resolve(terminal.directory, file), file)
    return importOutcome(importing.done())
  } catch (error) {
    return importFailed(error, importing.done())
  } finally {
    progress.end()
  }
}

async function fromFile(importing: Importing, path: string, shown: string): Promise<void> {
  const handle = await openFile(path).catch((cause: unknown) => { throw new InputError(`${shown} cannot be read`, { cause }) })
  try {
    const { size } = await handle.stat()
    // One open file for both: another that takes its name in between is not read.
    await importing.check(chunksOf(handle), size)
    await importing.run(chunksOf(handle), size)
  } finally {
    await handle.close()
  }
}
