import { check, startChecked, type Checked, type Host } from '../../boot.ts'
import type { Bound } from '../../binding/bound.ts'
import { makeLogger } from '../../logger.ts'
import { didYouMean } from '../../manifest/suggest.ts'
import type { BindingSpec } from '../../manifest/types.ts'
import { standsOn } from '../../plugins/plan.ts'
import { collectionsOf, type StorageKeys } from '../../ports/storage/index.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import { InputError } from '../outcome.ts'
import type { Terminal } from '../terminal.ts'

/** A storage binding whose backend this process has opened by itself. */
export interface OpenStorage {
  /** The application's name. */
  readonly name: string
  readonly binding: string
  readonly storage: Bound['storage']
  /** In the order of their names. */
  readonly collections: readonly string[]
  /** Of `collections`, those that were named; all when none was. */
  readonly chosen: readonly string[]
}

/** Which binding is opened, and how. */
interface Wanted extends CommonFlags {
  readonly collection?: readonly string[]
  readonly preparing?: Host['preparing']
}

/**
 * Starts one storage binding of the manifest and what it stands on, and nothing else: no other backend need be up.
 * It is closed again whatever `body` does.
 * @throws InputError when there is no such binding or collection, before anything is opened.
 */
export async function withStorage<T>(flags: Wanted, binding: string, terminal: Terminal, body: (open: OpenStorage) => Promise<T>): Promise<T> {
  const options = manifestOptions(flags, terminal)
  const checked = await check(sourceOf(flags), options)
  const { name, keys } = storageSpec(checked, binding)
  // The check of the manifest has held the keys to the port's schema.
  const collections = [...collectionsOf(keys as StorageKeys).keys()].sort()
  const chosen = flags.collection ? choose(flags.collection, collections, name) : collections

  // What it exports may stand on standard output.
  const log = makeLogger({ name: checked.manifest.name, level: 'error', stream: { write: terminal.err } })
  try {
    const kernel = await startChecked(onlyWith(checked, name), { ...options, log, redaction: terminal.redaction, preparing: flags.preparing ?? 'do' })
    try {
      // An optional binding may be down without ending the start.
      const storage = kernel.bindings.get(name)?.state === 'ready' ? kernel.ports[name] : undefined
      if (!storage) throw new InputError(`${name} did not start: ${kernel.steps.find(({ failure }) => failure !== undefined)?.failure ?? ''}`)
      return await body({ name: checked.manifest.name, binding: name, storage, collections, chosen })
    } finally {
      await kernel.close()
    }
  } finally {
    log.close()
  }
}

type StorageName = 'storage' | `storage.${string}`

function storageSpec({ manifest }: Checked, name: string): BindingSpec & { readonly name: StorageName } {
  const known = manifest.bindings.filter((spec): spec is BindingSpec & { readonly name: StorageName } => spec.port.name === 'storage')
  const found = known.find((spec) => spec.name === name)
  if (found) return found
  const names = known.map((spec) => spec.name)
  const there = names.length > 0 ? `; there is ${names.join(', ')}` : ''
  throw new InputError(`the manifest has no storage binding ${JSON.stringify(name)}${didYouMean(name, names) || there}`)
}

function choose(wanted: readonly string[], collections: readonly string[], binding: string): readonly string[] {
  for (const name of wanted) if (!collections.includes(name)) throw new InputError(`${binding} has no collection ${JSON.stringify(name)}${didYouMean(name, collections)}`)
  return collections.filter((name) => wanted.includes(name))
}

/** The manifest without what that binding does not stand on. */
function onlyWith(checked: Checked, name: string): Checked {
  const byId = new Map(checked.plan.steps.map((step) => [step.id, step]))
  const needed = new Set<string>()
  const add = (id: string): void => {
    const step = byId.get(id)
    if (!step || needed.has(id)) return
    needed.add(id)
    standsOn(step).forEach(add)
  }
  add(name)

  const steps = checked.plan.steps.filter(({ id }) => needed.has(id))
  const paths = new Set(steps.map(({ spec }) => spec.path))
  const { connections, bindings } = checked.manifest
  return {
    ...checked, plan: { steps },
    manifest: { ...checked.manifest, connections: connections.filter(({ path }) => paths.has(path)), bindings: bindings.filter(({ path }) => paths.has(path)), extensions: [] },
  }
}
