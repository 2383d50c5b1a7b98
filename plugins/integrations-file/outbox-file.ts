import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

export const extension = '.ndjson'

/** One file of the outbox, open for appending. */
export class OutboxFile {
  /** With its extension. */
  readonly name: string
  readonly #handle: FileHandle
  #bytes = 0

  private constructor(name: string, handle: FileHandle) {
    this.name = name
    this.#handle = handle
  }

  /** Makes a file that was not there, durable in its folder. */
  static async create(directory: string, name: string): Promise<OutboxFile> {
    const handle = await open(join(directory, name), 'ax')
    try {
      await syncFolder(directory)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new OutboxFile(name, handle)
  }

  /** The length up to which every line is durable. */
  get bytes(): number {
    return this.#bytes
  }

  /** Writes whole lines and answers when they are durable. */
  async append(lines: string): Promise<void> {
    const data = Buffer.from(lines)
    let written = 0
    // A write can be short, on a full disk for one.
    while (written < data.length) written += (await this.#handle.write(data, written)).bytesWritten
    await this.#handle.datasync()
    this.#bytes += data.length
  }

  /** Takes back what was written after the last durable line, as far as the disk lets it, and closes. */
  async giveUp(): Promise<void> {
    try {
      await this.#handle.truncate(this.#bytes)
      await this.#handle.datasync()
    } catch {
      // The rest of a line stays: a reader passes over it, and the next start removes it.
    }
    await this.close().catch(() => undefined)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
