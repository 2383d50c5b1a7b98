import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { extension } from './outbox-file.ts'

const chunkBytes = 65_536
const lineBreak = 0x0a

/** The files of an outbox, oldest first. */
export async function listFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory)
  return names.filter((name) => name.endsWith(extension)).sort().map((name) => join(directory, name))
}

export async function totalBytes(directory: string): Promise<number> {
  let bytes = 0
  for (const file of await listFiles(directory)) bytes += (await stat(file).catch(() => ({ size: 0 }))).size
  return bytes
}

/** Cuts every file after its last line break: what follows was being written when the process or the machine died. */
export async function mendTails(directory: string): Promise<readonly { readonly file: string; readonly removedBytes: number }[]> {
  const mended = []
  for (const file of await listFiles(directory)) {
    const removedBytes = await mendTail(file)
    if (removedBytes > 0) mended.push({ file, removedBytes })
  }
  return mended
}

async function mendTail(file: string): Promise<number> {
  const handle = await open(file, 'r+')
  try {
    const { size } = await handle.stat()
    const chunk = Buffer.alloc(chunkBytes)
    let end = size
    let good = 0
    while (end > 0 && good === 0) {
      const start = Math.max(0, end - chunkBytes)
      const { bytesRead } = await handle.read(chunk, 0, end - start, start)
      good = start + chunk.subarray(0, bytesRead).lastIndexOf(lineBreak) + 1
      if (good === start) good = 0
      end = start
    }
    if (good < size) {
      await handle.truncate(good)
      await handle.sync()
    }
    return size - good
  } finally {
    await handle.close()
  }
}
