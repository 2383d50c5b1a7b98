import { createHash, type Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { InputError } from '../outcome.ts'
import { type Header, headerBegin, readHeader, readLine, type Trailer } from './format.ts'
import { chunksOf, FaultyLine, linesOf, textOf } from './lines.ts'

/** Where an export goes. */
export interface Target {
  /** Answers when it has left this process. */
  write(text: string): Promise<void>
  /** Answers when the whole is on disk. */
  close(): Promise<void>
}

/** What an export that was broken off has written: all of it whole lines. */
export interface Written {
  /** Undefined when it did not get so far. */
  readonly header: Header | undefined
  readonly counts: ReadonlyMap<string, number>
  /** The last record. */
  readonly last: { readonly collection: string; readonly id: string } | undefined
  /** When it is whole. */
  readonly end: Trailer | undefined
  /** Of the bytes so far. */
  readonly hash: Hash
  readonly bytes: number
}

export function streamTarget(stream: Writable): Target {
  return {
    write: (text) => new Promise((resolve, reject) => { stream.write(text, (error) => { if (error) reject(error); else resolve() }) }),
    close: () => Promise.resolve(),
  }
}

/** A new file, readable by its owner alone. @throws InputError when one is there. */
export async function newFile(path: string, shown: string): Promise<Target> {
  try {
    return fileTarget(await open(path, 'ax', 0o600), shown)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new InputError(`${shown} is there already; --resume finishes it, if it is an export that was broken off`)
    throw new InputError(`${shown} cannot be written`, { cause: error })
  }
}

/** The file cut to what is whole, to go on after it. */
export async function continueFile(path: string, shown: string, bytes: number): Promise<Target> {
  const handle = await open(path, 'a').catch((cause: unknown) => { throw new InputError(`${shown} cannot be written`, { cause }) })
  await handle.truncate(bytes)
  return fileTarget(handle, shown)
}

function fileTarget(handle: FileHandle, shown: string): Target {
  return {
    async write(text) {
      await handle.appendFile(text).catch((cause: unknown) => { throw new InputError(`${shown} cannot be written; --resume goes on once it can`, { cause }) })
    },
    async close() {
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
    },
  }
}

/**
 * Reads what was written, up to its last whole line; undefined when there is no file.
 * @throws InputError when it is another thing than an export.
 */
export async function readWritten(path: string, shown: string): Promise<Written | undefined> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new InputError(`${shown} cannot be read`, { cause: error })
  })
  if (!handle) return undefined

  try {
    return await readLines(handle, shown)
  } finally {
    await handle.close()
  }
}

async function readLines(handle: FileHandle, shown: string): Promise<Written> {
  const hash = createHash('sha256')
  const counts = new Map<string, number>()
  let header: Header | undefined
  let last: Written['last']
  let end: Trailer | undefined
  let bytes = 0
  for await (const lines of linesOf(chunksOf(handle), shown)) {
    for (const line of lines) {
      try {
        if (!line.whole) {
          if (!header) refuseOther(textOf(line))
          continue
        }
        if (end) throw new InputError('nothing may follow the last line of an export')
        if (header) {
          const read = readLine(textOf(line))
          if ('end' in read) end = read.end
          else {
            last = { collection: read.collection, id: read.record.id }
            counts.set(last.collection, (counts.get(last.collection) ?? 0) + 1)
          }
        } else header = readHeader(textOf(line))
      } catch (error) {
        throw error instanceof InputError ? new FaultyLine(shown, line.number, `${error.message}; name another file`) : error
      }
      if (!end) hash.update(line.bytes)
      bytes = line.endsAt
    }
  }
  return { header, counts, last, end, hash, bytes }
}

/** What is cut within its first line would be written over: it must be the beginning of a header. */
function refuseOther(text: string): void {
  const begin = headerBegin.slice(0, text.length)
  if (!text.startsWith(begin)) throw new InputError('this is no export of Portico')
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
