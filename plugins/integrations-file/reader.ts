import { open, readdir, type FileHandle } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { extension } from './outbox-file.ts'
import { listFiles } from './recovery.ts'

const chunkBytes = 65_536
/** Longer than any line that the outbox takes at one time. */
const maxLineBytes = 32 * 1024 * 1024
const lineBreak = 0x0a

/** A line and where the next one begins. */
export interface Line {
  readonly text: string
  readonly next: number
}

/** Reads the lines of one file, from any place, up to where they are durable. */
export class LineReader {
  readonly #handle: FileHandle
  #kept: Buffer = Buffer.alloc(0)
  #keptAt = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async open(path: string): Promise<LineReader> {
    return new LineReader(await open(path, 'r'))
  }

  /** The line at `offset`; undefined when none ends before `end`. */
  async lineAt(offset: number, end: number): Promise<Line | undefined> {
    let start = offset - this.#keptAt
    if (start < 0 || start > this.#kept.length) {
      this.#kept = Buffer.alloc(0)
      this.#keptAt = offset
      start = 0
    }
    for (let from = start; ;) {
      const at = this.#kept.indexOf(lineBreak, from)
      const next = this.#keptAt + at + 1
      if (at !== -1) return next <= end ? { text: this.#kept.toString('utf8', start, at), next } : undefined

      from = this.#kept.length
      if (from - start > maxLineBytes) throw new Error(`a line of the outbox is longer than ${maxLineBytes} bytes`)
      const chunk = Buffer.alloc(chunkBytes)
      const { bytesRead } = await this.#handle.read(chunk, 0, chunkBytes, this.#keptAt + from)
      if (bytesRead === 0) return undefined
      this.#kept = Buffer.concat([this.#kept.subarray(start), chunk.subarray(0, bytesRead)])
      this.#keptAt += start
      from -= start
      start = 0
    }
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** How many lines are in the files of a folder from a place on, and in all files of another one. */
export async function countLines(directory: string, from: { readonly file: string; readonly offset: number }): Promise<number> {
  let lines = 0
  for (const path of await listFiles(directory)) {
    const name = basename(path)
    if (name < from.file) continue
    lines += await linesOf(path, name === from.file ? from.offset : 0)
  }
  return lines
}

async function linesOf(path: string, offset: number): Promise<number> {
  const handle = await open(path, 'r')
  const chunk = Buffer.alloc(chunkBytes)
  try {
    let lines = 0
    for (let at = offset; ;) {
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, at)
      if (bytesRead === 0) return lines
      for (let index = chunk.indexOf(lineBreak); index !== -1 && index < bytesRead; index = chunk.indexOf(lineBreak, index + 1)) lines++
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** The files of the outbox by name, oldest first. */
export async function fileNames(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(extension)).sort()
}

export function pathOf(directory: string, name: string): string {
  return join(directory, name)
}
