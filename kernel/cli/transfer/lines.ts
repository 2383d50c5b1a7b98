import { isUtf8 } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { InputError } from '../outcome.ts'

/** A document of 1 MiB with its escapes and its frame is far smaller. */
export const maxLineBytes = 8 * 1024 ** 2

export interface Line {
  /** From 1. */
  readonly number: number
  /** With the line break, when there is one. */
  readonly bytes: Buffer
  /** False for what follows the last line break. */
  readonly whole: boolean
  /** Where the next line begins, in bytes from the start. */
  readonly endsAt: number
}

/** A line of the input that is at fault. */
export class FaultyLine extends InputError {
  readonly line: number
  readonly code: string | undefined

  constructor(file: string, line: number, message: string, options: { readonly cause?: unknown; readonly code?: string } = {}) {
    // What the line has may not move a terminal's cursor.
    super(`${file}:${line}: ${message.replaceAll(/\p{Cc}/gu, '?')}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.line = line
    this.code = options.code
  }
}

const chunkBytes = 64 * 1024

/** A file from its start, in one buffer: what a chunk has is gone when the next is asked for. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

/**
 * The lines of a stream, all of a chunk at once; one line at most is held beside the chunk. Their bytes are those of the chunk.
 * @throws FaultyLine for one that is longer than any record can be.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<readonly Line[]> {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let number = 0
  let endsAt = 0
  const make = (last: Buffer, whole: boolean): Line => {
    const bytes = pending.length === 0 ? last : Buffer.concat([...pending, last])
    pending = []
    pendingBytes = 0
    endsAt += bytes.length
    return { number: ++number, bytes, whole, endsAt }
  }

  for await (const chunk of chunks) {
    const lines: Line[] = []
    let from = 0
    for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, from)) {
      lines.push(make(chunk.subarray(from, at + 1), true))
      from = at + 1
    }
    if (lines.length > 0) yield lines
    if (from === chunk.length) continue
    pending.push(Buffer.from(chunk.subarray(from)))
    pendingBytes += chunk.length - from
    if (pendingBytes > maxLineBytes) throw new FaultyLine(file, number + 1, `the line is longer than ${maxLineBytes / 1024 ** 2} MiB, which no record is`)
  }
  if (pendingBytes > 0) yield [make(Buffer.alloc(0), false)]
}

const lineBreak = 0x0a

/** @throws InputError without a place, which the reader knows. */
export function textOf({ bytes }: Line): string {
  if (!isUtf8(bytes)) throw new InputError('the line is no UTF-8')
  return bytes.toString('utf8')
}
