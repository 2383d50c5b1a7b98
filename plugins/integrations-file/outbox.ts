import { access, constants, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock, Log } from '../../kernel/plugin.ts'
import { makeUuids } from '../../kernel/ports/uuid.ts'
import { extension, OutboxFile, syncFolder } from './outbox-file.ts'
import { listFiles, mendTails, totalBytes } from './recovery.ts'

export interface OutboxLimits {
  readonly directory: string
  readonly maxFileBytes: number
  readonly maxTotalBytes: number
}

/** How much may wait for the disk at one time. */
const maxWaitingBytes = 16 * 1024 * 1024

/** The caller's time was over before its line was written. */
export class GivenUp extends Error {}

class Full extends Error {}

/** True for a disk, a quota or an outbox that takes no more. */
export function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return error instanceof Full || code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG'
}

interface Waiting {
  readonly line: string
  readonly bytes: number
  readonly wanted: () => boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Makes the folder, and mends what a crash left: the unfinished last line of a file was never answered. */
export async function openOutbox(limits: OutboxLimits, clock: Clock, log: Log): Promise<Outbox> {
  await mkdir(limits.directory, { recursive: true })
  await syncFolder(dirname(limits.directory))
  for (const { file, removedBytes } of await mendTails(limits.directory)) {
    log.warn({ file, removedBytes }, 'removed an unfinished line from the outbox; nobody was told that it was accepted')
  }
  return new Outbox(limits, clock, await totalBytes(limits.directory))
}

/**
 * Appends lines to files of one folder. Lines that come while the disk is busy share its next write and one fsync.
 * Each outbox writes to files of its own, so that the old and the new driver of a reload do not meet.
 */
export class Outbox {
  readonly #limits: OutboxLimits
  readonly #nextName: () => string
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #totalBytes: number
  #file: OutboxFile | undefined
  /** The file that is being made: it is in the folder before it can be written to. */
  #making: string | undefined
  #writing: Promise<void> | undefined
  #closed = false

  constructor(limits: OutboxLimits, clock: Clock, totalBytes: number) {
    this.#limits = limits
    this.#nextName = makeUuids(clock)
    this.#totalBytes = totalBytes
  }

  /**
   * Appends one line (with its line break); durable when answered, and not there when it throws.
   * @throws GivenUp when `wanted` says no before the line is written.
   */
  append(line: string, wanted: () => boolean): Promise<void> {
    const bytes = Buffer.byteLength(line)
    if (this.#closed) return Promise.reject(new Error('the outbox is closed'))
    if (this.#waitingBytes + bytes > maxWaitingBytes) return Promise.reject(new Error('too much waits for the disk'))

    this.#waitingBytes += bytes
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, bytes, wanted, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Up to where the lines of the file that is being written are durable; undefined for any other file. */
  durableEnd(name: string): number | undefined {
    if (this.#making === name) return 0
    return this.#file?.name === name ? this.#file.bytes : undefined
  }

  /** Ends the named file, unless lines are on their way: `written`. `other`: it is none that is being written. */
  async release(name: string): Promise<'written' | 'released' | 'other'> {
    if (this.#making === name) return 'written'
    if (this.#file?.name !== name) return 'other'
    if (this.#writing !== undefined) return 'written'
    await this.#finishFile()
    return 'released'
  }

  /** Somebody removed a file of this size. */
  removed(bytes: number): void {
    this.#totalBytes = Math.max(0, this.#totalBytes - bytes)
  }

  async probe(): Promise<void> {
    await access(this.#limits.directory, constants.W_OK)
  }

  /** Answers when everything that waits is written. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#writeBatch(this.#takeBatch())
    this.#writing = undefined
  }

  #takeBatch(): readonly Waiting[] {
    const taken = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0

    const [wanted, late] = [taken.filter((one) => one.wanted()), taken.filter((one) => !one.wanted())]
    for (const one of late) one.reject(new GivenUp('the disk was busy for longer than the call had time'))
    return wanted
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return
    const bytes = batch.reduce((sum, one) => sum + one.bytes, 0)
    try {
      await this.#makeRoom(bytes)
      const file = this.#file ?? (await this.#begin(`${this.#nextName()}${extension}`))
      await file.append(batch.map((one) => one.line).join(''))
    } catch (error) {
      // After a failed write or fsync nothing is known of the file but its last good length: begin another.
      await this.#file?.giveUp()
      this.#file = undefined
      for (const one of batch) one.reject(error)
      return
    }

    this.#totalBytes += bytes
    for (const one of batch) one.resolve()
    if (this.#file && this.#file.bytes >= this.#limits.maxFileBytes) await this.#finishFile()
  }

  async #begin(name: string): Promise<OutboxFile> {
    this.#making = name
    try {
      // In one step with the end of `#making`: a reader between the two would take the file for one that is over.
      return (this.#file = await OutboxFile.create(this.#limits.directory, name))
    } finally {
      this.#making = undefined
    }
  }

  async #finishFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    // Every line in it is durable already: a failing close loses nothing.
    await file?.close().catch(() => undefined)
  }

  async #makeRoom(bytes: number): Promise<void> {
    if (this.#totalBytes + bytes <= this.#limits.maxTotalBytes) return
    // A reader may have taken files away since.
    this.#totalBytes = await totalBytes(this.#limits.directory)
    if (this.#totalBytes + bytes > this.#limits.maxTotalBytes) {
      throw new Full(`the ${(await listFiles(this.#limits.directory)).length} files of the outbox have reached their limit`)
    }
  }
}
