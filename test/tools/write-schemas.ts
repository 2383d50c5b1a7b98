import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manifestSchema } from '../../kernel/manifest/schema.ts'
import { loadAllBuiltIns } from '../../kernel/plugins/loader.ts'

export const schemaFile = fileURLToPath(new URL('../../schemas/manifest.schema.json', import.meta.url))

/** The text of schemas/manifest.schema.json as the ports and built-in plugins are now. */
export async function renderManifestSchema(): Promise<string> {
  const catalogue = await loadAllBuiltIns()
  const ports = [...catalogue.ports.values()]
  const plugins = ports.flatMap((port) => catalogue.names(port.name).flatMap((name) => catalogue.driver(port.name, name) ?? []))
  return `${JSON.stringify(manifestSchema(ports, plugins), undefined, 2)}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(dirname(schemaFile), { recursive: true })
  await writeFile(schemaFile, await renderManifestSchema())
}
