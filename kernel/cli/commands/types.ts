import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { check } from '../../boot.ts'
import type { StorageKeys } from '../../ports/storage/index.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import type { Terminal } from '../terminal.ts'
import { storageTypes } from '../types/storage-types.ts'

/** The TypeScript types of all collections and views: printed, or written into a file. Starts nothing. */
export async function types(flags: CommonFlags & { readonly out?: string }, terminal: Terminal): Promise<Outcome> {
  const source = sourceOf(flags)
  const { manifest } = await check(source, manifestOptions(flags, terminal))
  // The port has judged the keys of its bindings.
  const bindings = manifest.bindings.filter(({ port }) => port.name === 'storage').map(({ name, keys }) => ({ name, keys: keys as StorageKeys }))
  const text = storageTypes(bindings, source.path)
  if (flags.out === undefined) return { status: 0, json: { types: text }, text: () => text }

  const file = resolve(terminal.directory, flags.out)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
  return { status: 0, json: { written: flags.out }, text: () => `wrote ${flags.out}\n` }
}
