import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from './outbox-file.ts'

/** How far the calls of a folder were handed over. */
export interface Position {
  /** The name of the file in which the next call is looked for; what stands before it was handed over, or is somebody else's. */
  readonly file: string
  /** In bytes. */
  readonly offset: number
  /** The id of the next call, once it was tried and must not be tried again without knowing what became of it. */
  readonly trying?: string
}

const name = 'position.json'

/** @throws Error when there is a position that cannot be read: to begin anew would make calls twice. */
export async function loadPosition(directory: string): Promise<Position | undefined> {
  const path = join(directory, name)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const read = parse(text)
  if (!read) throw new Error(`${path} is no position; put right which of its folder's calls were handed over, or move them and it away`)
  return read
}

/** Durable when answered; a crash leaves the old position or the new one. */
export async function savePosition(directory: string, position: Position): Promise<void> {
  const path = join(directory, name)
  const handle = await open(`${path}.new`, 'w')
  try {
    await handle.writeFile(JSON.stringify(position))
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.new`, path)
  await syncFolder(directory)
}

function parse(text: string): Position | undefined {
  try {
    const { file, offset, trying } = JSON.parse(text) as Partial<Record<keyof Position, unknown>>
    if (typeof file !== 'string' || typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0) return undefined
    return { file, offset, ...(typeof trying === 'string' && { trying }) }
  } catch {
    return undefined
  }
}
