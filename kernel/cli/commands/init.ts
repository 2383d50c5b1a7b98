import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { defaultFile } from '../options.ts'
import { InputError, type Outcome } from '../outcome.ts'
import { initialManifest, manifestName } from '../template.ts'
import type { Terminal } from '../terminal.ts'

/**
 * Writes a manifest that starts.
 * @throws InputError when a file is there already, unless forced.
 */
export async function init({ file = defaultFile, force = false }: { readonly file?: string; readonly force?: boolean }, terminal: Terminal): Promise<Outcome> {
  const path = resolve(terminal.directory, file)
  const name = manifestName(basename(dirname(path)))
  await mkdir(dirname(path), { recursive: true })

  try {
    await writeFile(path, initialManifest(name), { flag: force ? 'w' : 'wx' })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw new InputError(`${file} is there already; --force replaces it`)
    throw new InputError(`${file} cannot be written`, { cause: error })
  }
  return {
    status: 0,
    json: { written: file, name },
    text: (paint) => `wrote ${paint('bold', file)}\n\n  portico check    judges it\n  portico start    runs it on http://127.0.0.1:7070\n`,
  }
}
