import type { Plugin } from '../plugins/definition.ts'
import { capabilitiesOf } from '../plugins/inner-drivers.ts'
import type { BindingUse } from '../ports/definition.ts'
import { namesIn } from './checking.ts'
import type { Checking } from './checking.ts'
import { withPlaceholders } from './judge.ts'
import { entriesOf, keyPosition, nodeAt, showPath, textAt } from './nodes.ts'
import type { Path } from './nodes.ts'
import { didYouMean } from './suggest.ts'
import type { BindingSpec } from './types.ts'

/** Which binding serves each need of the plugins of one entry: what `needs` says, or the binding named like the port. */
export function checkNeeds(checking: Checking, plugins: readonly Plugin[], path: Path): Readonly<Record<string, string>> {
  const { root, problems } = checking
  const wanted = new Map(plugins.flatMap((plugin) => Object.entries(plugin.needs)))
  const bindings = namesIn(root, 'ports')
  const served: [string, string][] = []

  for (const [need, port] of wanted) {
    const at = [...path, 'needs', need]
    const given = textAt(root, at)
    const binding = given ?? port.name
    if (!bindings.includes(binding)) {
      const remedy = given === undefined ? `; declare ports.${port.name}, or name another binding of that port in \`needs\`` : didYouMean(binding, bindings)
      checking.refuse(given === undefined ? path : at, `needs a binding of ${port.name}, and there is no "${binding}"${remedy}`)
    } else if (binding.split('.')[0] !== port.name) {
      checking.refuse(at, `needs a binding of ${port.name}, and "${binding}" is none`)
    } else {
      served.push([need, binding])
    }
  }
  for (const name of entriesOf(nodeAt(root, [...path, 'needs'])).keys()) {
    if (wanted.has(name)) continue
    problems.add({ at: keyPosition(root, [...path, 'needs', name]), path: showPath([...path, 'needs', name]), message: `the plugin has no need "${name}"${didYouMean(name, wanted.keys())}` })
  }
  return Object.fromEntries(served)
}

function checkEntry(checking: Checking, binding: string, { of, name, path: named }: NonNullable<BindingUse['entry']>, path: Path): void {
  const names = [...entriesOf(nodeAt(checking.root, ['ports', binding, of])).keys()]
  if (!names.includes(name)) checking.refuse([...path, ...named], `there is no "${name}" in \`${of}\` of ${binding}${didYouMean(name, names) || (names.length > 0 ? `; it has ${names.join(', ')}` : '')}`)
}

/** What the bindings that others' keys name cannot do is refused where they are named. */
export function checkUsedCapabilities(checking: Checking, specs: readonly BindingSpec[]): void {
  const byName = new Map(specs.map((spec) => [spec.name, spec]))
  for (const { name, port, keys } of specs) {
    for (const { port: wanted, binding, capability, path } of checking.guard(['ports', name], () => port.uses?.(withPlaceholders(keys))) ?? []) {
      const used = byName.get(binding)
      if (used?.port.name !== wanted || capability === undefined || capabilitiesOf(used).includes(capability)) continue
      checking.refuse(['ports', name, ...path], `the driver "${used.plugin.name}" of ${binding} cannot do "${capability}", which this needs`)
    }
  }
}

/** The bindings that a binding's own keys name; one that is not there, or of another port, is refused where it is named. */
export function checkUses(checking: Checking, uses: readonly BindingUse[], path: Path): readonly string[] {
  const bindings = namesIn(checking.root, 'ports')
  for (const { port, binding, path: named } of uses) {
    const ofPort = bindings.filter((name) => name.split('.')[0] === port)
    if (ofPort.includes(binding)) continue
    const remedy = didYouMean(binding, ofPort) || (ofPort.length > 0 ? `; there is ${ofPort.join(', ')}` : `; declare ports.${port}`)
    checking.refuse([...path, ...named], bindings.includes(binding) ? `must be a binding of ${port}, and "${binding}" is none${remedy}` : `there is no binding "${binding}" of ${port}${remedy}`)
  }
  for (const { port, binding, entry } of uses) if (entry && bindings.includes(binding) && binding.split('.')[0] === port) checkEntry(checking, binding, entry, path)
  return [...new Set(uses.map(({ binding }) => binding))]
}
