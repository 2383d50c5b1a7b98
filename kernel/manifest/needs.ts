import type { Plugin } from '../plugins/definition.ts'
import type { BindingUse } from '../ports/definition.ts'
import { namesIn } from './checking.ts'
import type { Checking } from './checking.ts'
import { entriesOf, keyPosition, nodeAt, showPath, textAt } from './nodes.ts'
import type { Path } from './nodes.ts'
import { didYouMean } from './suggest.ts'

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

/** The bindings that a binding's own keys name; one that is not there, or of another port, is refused where it is named. */
export function checkUses(checking: Checking, uses: readonly BindingUse[], path: Path): readonly string[] {
  const bindings = namesIn(checking.root, 'ports')
  for (const { port, binding, path: named } of uses) {
    const ofPort = bindings.filter((name) => name.split('.')[0] === port)
    if (ofPort.includes(binding)) continue
    const remedy = didYouMean(binding, ofPort) || (ofPort.length > 0 ? `; there is ${ofPort.join(', ')}` : `; declare ports.${port}`)
    checking.refuse([...path, ...named], bindings.includes(binding) ? `must be a binding of ${port}, and "${binding}" is none${remedy}` : `there is no binding "${binding}" of ${port}${remedy}`)
  }
  return [...new Set(uses.map(({ binding }) => binding))]
}
