import { mkdir, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Entry } from './entry.ts'
import { syncFolder } from './outbox-file.ts'
import { countLines } from './reader.ts'

export interface RefusedEntry extends Entry {
  readonly refusedAt: string
  /** The code of the error that ended it. */
  readonly code: string
  readonly message: string
}

/** Calls that were made and refused for good, one line each, for a person to look at: `refused/refused.ndjson`. */
export class Refused {
  readonly #path: string
  readonly #maxBytes: number
  #count: number

  private constructor(path: string, maxBytes: number, count: number) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#count = count
  }

  static async open(directory: string, maxBytes: number): Promise<Refused> {
    const folder = join(directory, 'refused')
    await mkdir(folder, { recursive: true })
    await syncFolder(directory)
    return new Refused(join(folder, 'refused.ndjson'), maxBytes, await countLines(folder, { file: '', offset: 0 }))
  }

  get count(): number {
    return this.#count
  }

  async look(): Promise<void> {
    if (this.#count > 0 && (await this.#bytes()) === 0) this.#count = 0
  }

  /**
   * Durable when answered. A crash right after it may put the same call here twice.
   * @throws Error when the file is full: a refused call is never dropped, so that the next one waits.
   */
  async put(entry: RefusedEntry): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    const bytes = await this.#bytes()
    if (bytes + line.length > this.#maxBytes) throw new Error(`${this.#path} has reached its limit; look at its calls and move it away`)

    const handle = await open(this.#path, 'a')
    try {
      await handle.appendFile(line)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await syncFolder(dirname(this.#path))
    this.#count = bytes === 0 ? 1 : this.#count + 1
  }

  async #bytes(): Promise<number> {
    return (await stat(this.#path).catch(() => ({ size: 0 }))).size
  }
}
