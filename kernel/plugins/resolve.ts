import { readFile } from 'node:fs/promises'
import { createRequire, findPackageJSON } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Where a listed plugin's code is: a path relative to the manifest's folder, or a package installed there.
 * A package is looked up from the manifest's folder, not from the kernel's, so that a globally installed kernel
 * finds the application's plugins.
 * @throws Error when there is no such package, in Node's words.
 */
export async function resolveSpecifier(specifier: string, directory: string): Promise<URL> {
  if (specifier.startsWith('./') || specifier.startsWith('../') || isAbsolute(specifier)) return pathToFileURL(resolve(directory, specifier))

  const base = pathToFileURL(join(directory, 'infra.config.yaml'))
  try {
    return pathToFileURL(createRequire(base).resolve(specifier))
  } catch (error) {
    // `require` does not see a package that exports only an `import` condition.
    const exported = await importEntry(specifier, base)
    if (exported) return exported
    throw error
  }
}

async function importEntry(specifier: string, base: URL): Promise<URL | undefined> {
  let manifest: string | undefined
  try {
    manifest = findPackageJSON(specifier, base)
  } catch {
    return undefined
  }
  if (!manifest) return undefined

  const { exports, name } = JSON.parse(await readFile(manifest, 'utf8')) as { exports?: unknown; name?: string }
  if (name !== specifier) return undefined
  const entry = entryOf(isRecord(exports) && '.' in exports ? exports['.'] : exports)
  return entry === undefined ? undefined : new URL(entry, pathToFileURL(manifest))
}

function entryOf(exported: unknown): string | undefined {
  if (typeof exported === 'string') return exported
  if (!isRecord(exported)) return undefined
  return entryOf(exported['node'] ?? exported['import'] ?? exported['default'])
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
