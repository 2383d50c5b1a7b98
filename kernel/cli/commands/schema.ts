import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { manifestSchema } from '../../manifest/schema.ts'
import { knownPlugins } from '../known-plugins.ts'
import type { CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import type { Terminal } from '../terminal.ts'

export const schemaFile = 'manifest.schema.json'

/** The JSON Schema of manifests over every plugin known here: printed, or written into a folder for editors. */
export async function schema(flags: CommonFlags & { readonly write?: string }, terminal: Terminal): Promise<Outcome> {
  const { ports, builtIn, listed } = await knownPlugins(flags, terminal)
  const json = manifestSchema(ports, [...builtIn, ...listed])
  const text = `${JSON.stringify(json, null, 2)}\n`
  if (flags.write === undefined) return { status: 0, json, text: () => text }

  const folder = resolve(terminal.directory, flags.write)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, schemaFile), text)
  const written = join(flags.write, schemaFile)
  return { status: 0, json: { written }, text: () => `wrote ${written}\n` }
}
