import type { Checking } from './checking.ts'
import { checkSettings } from './drivers.ts'
import { checkNeeds } from './needs.ts'
import { nodeAt, showPath, textAt, valuePosition } from './nodes.ts'
import { parseDuration } from './units.ts'
import type { ExtensionSpec } from './types.ts'

const startTimeoutMs = 30_000

/** Checks the settings and needs of the extensions that `plugins:` lists; a driver takes its settings where it is used. */
export function checkExtensions(checking: Checking): readonly ExtensionSpec[] {
  const list = nodeAt(checking.root, ['plugins'])
  if (list?.kind !== 'list') return []
  return list.items.slice(0, 256).flatMap((entry, index) => {
    const path = ['plugins', String(index)]
    const specifier = textAt(entry, []) ?? textAt(entry, ['use'])
    const plugin = specifier === undefined ? undefined : checking.catalogue.extensions.get(specifier)
    if (specifier === undefined || !plugin) {
      if (specifier !== undefined && entry.kind === 'map') refuseDriverSettings(checking, specifier, index)
      return []
    }
    return [{
      specifier, plugin, path: showPath(path), at: valuePosition(checking.root, path),
      settings: checkSettings(checking, plugin, path),
      needs: checkNeeds(checking, [plugin], path),
      startTimeoutMs: parseDuration(textAt(entry, ['startTimeout']) ?? '') ?? startTimeoutMs,
    }]
  })
}

function refuseDriverSettings(checking: Checking, specifier: string, index: number): void {
  // A plugin whose import failed is told by the loader, and what it is was never known.
  const told = checking.problems.list().some(({ path }) => path?.startsWith(`plugins.${index}`))
  for (const key of ['with', 'needs']) {
    if (!told && nodeAt(checking.root, ['plugins', String(index), key])) checking.refuse(['plugins', String(index), key], `${specifier} is a driver; write its settings where it is used`)
  }
}
