import type { AnyPort } from '../ports/definition.ts'
import { namesIn } from './checking.ts'
import type { Checking } from './checking.ts'
import { checkDriver } from './drivers.ts'
import { checkNeeds, checkUsedCapabilities, checkUses } from './needs.ts'
import { withPlaceholders } from './judge.ts'
import { childOf, entriesOf, keyPosition, nodeAt, showPath, textAt, valuePosition } from './nodes.ts'
import { namePattern } from './names.ts'
import type { Path } from './nodes.ts'
import { anyDriver, baseKeys, bindingSchema } from './structure.ts'
import { capabilitiesOf, withInner } from '../plugins/inner-drivers.ts'
import { didYouMean } from './suggest.ts'
import type { BindingSpec, DriverSpec, FallbackSpec } from './types.ts'
import { resolveUnits } from './units.ts'

/** Checks `ports`: which driver each binding is tied to, its own keys, and whether the driver can do what they ask for. */
export function checkBindings(checking: Checking): readonly BindingSpec[] {
  const specs = namesIn(checking.root, 'ports').flatMap((name) => {
    const port = portOf(checking, name)
    return port && nodeAt(checking.root, ['ports', name])?.kind === 'map' ? (checkBinding(checking, name, port) ?? []) : []
  })
  checkUsedCapabilities(checking, specs)
  return specs
}

/** The port of a binding's name; a name that cannot be one is refused. */
function portOf(checking: Checking, binding: string): AnyPort | undefined {
  const [portName = '', name, ...rest] = binding.split('.')
  const { ports } = checking.catalogue
  const port = ports.get(portName)
  const outer = [...ports.values()].filter((known) => !known.inner).map((known) => known.name)
  const message = !port ? `there is no port "${portName}"${didYouMean(portName, outer) || `; there are ${outer.join(', ')}`}`
    : port.inner ? `${portName} is a connection; declare it under connections`
    : rest.length > 0 || (name !== undefined && !new RegExp(namePattern).test(name)) ? `a binding is called "${portName}" or "${portName}.<name>": a lower-case letter, then letters, digits, - and _, 40 at most`
    : name !== undefined && Object.hasOwn(bindingSchema(port).properties as object, name) ? `"${name}" is a key of ${portName}, and a binding of that name could not be told from it; choose another name`
    : undefined
  if (message === undefined) return port
  checking.problems.add({ at: keyPosition(checking.root, ['ports', binding]), path: showPath(['ports', binding]), message })
  return undefined
}

function checkBinding(checking: Checking, name: string, port: AnyPort): BindingSpec | undefined {
  const path = ['ports', name]
  const piecesBefore = checking.pieces.length
  const driver = checkDriver(checking, port, path, name)
  const fallback = port.fallback ? checkFallback(checking, port, [...path, 'fallback']) : []
  const drivers = [...(driver ? [driver] : []), ...fallback].map(({ plugin }) => plugin)
  // What a driver that was refused would have taken is not known.
  const schema = bindingSchema(port, driver ? drivers : [anyDriver])
  const judged = checking.judge(schema, path, { noun: 'key', secrets: true, apart: [['with'], ['fallback', '*', 'with'], ['on']] })
  // Explained before its drivers' settings, although those are needed to know what it is judged by.
  checking.pieces.splice(piecesBefore, 0, ...checking.pieces.splice(-1))
  if (!judged) return undefined

  const resolved = resolveUnits(schema, judged.value, checking.units(path)) as Record<string, unknown> & { optional: boolean; expose: boolean; startTimeoutMs: number }
  const keys = Object.fromEntries(Object.entries(resolved).filter(([key]) => !Object.hasOwn(baseKeys, key) && key !== 'startTimeoutMs'))
  checkKeys(checking, port, keys, path)
  if (!driver) return undefined

  checkCapabilities(checking, port, driver, keys, path)
  return {
    name, path: showPath(path), at: keyPosition(checking.root, path), port, ...driver, keys, fallback,
    needs: checkNeeds(checking, [driver, ...fallback].flatMap(withInner).map(({ plugin }) => plugin), path),
    uses: checkUses(checking, checking.guard(path, () => port.uses?.(withPlaceholders(keys))) ?? [], path),
    optional: resolved.optional, expose: resolved.expose, startTimeoutMs: resolved.startTimeoutMs,
  }
}

function checkFallback(checking: Checking, port: AnyPort, path: Path): readonly FallbackSpec[] {
  const list = nodeAt(checking.root, path)
  if (list?.kind !== 'list') return []
  return list.items.flatMap((item, index) => {
    if (item.kind !== 'map' || childOf(item, 'on')?.kind === 'map') return []
    const driver = checkDriver(checking, port, [...path, String(index)])
    const when = nodeAt(item, ['when'])
    return driver ? [{ ...driver, ...(when?.kind === 'list' && { when: when.items.flatMap((word) => textAt(word, []) ?? []) }) }] : []
  })
}

/** What the port itself finds wrong with its keys; a secret is a text that is not known yet. */
function checkKeys(checking: Checking, port: AnyPort, keys: unknown, path: Path): void {
  for (const { path: at, on, message } of checking.guard(path, () => port.check?.(withPlaceholders(keys))) ?? []) {
    const written = [...path, ...writtenPath(checking, path, at)]
    checking.problems.add({ at: on === 'key' ? keyPosition(checking.root, written) : valuePosition(checking.root, written), path: showPath(written), message })
  }
}

/** What the keys ask for and the driver does not declare is refused where it is asked for. */
function checkCapabilities(checking: Checking, port: AnyPort, driver: DriverSpec, keys: unknown, path: Path): void {
  const capabilities = capabilitiesOf(driver)
  for (const { capability, path: asked } of checking.guard(path, () => port.demands?.(keys)) ?? []) {
    if (capabilities.includes(capability)) continue
    const able = checking.catalogue.names(port.name).filter((name) => checking.catalogue.driver(port.name, name)?.capabilities.includes(capability))
    const remedy = able.length > 0 ? `; ${able.join(', ')} can` : ''
    const written = [...path, ...writtenPath(checking, path, asked)]
    checking.problems.add({ at: valuePosition(checking.root, written), path: showPath(written), message: `the driver "${driver.plugin.name}" of ${port.name} cannot do "${capability}"${remedy}`, unfit: port.name })
  }
}

/** Demands are told by the names that code has: `leaseMs` was written as `lease`. */
function writtenPath(checking: Checking, path: Path, asked: Path): Path {
  return asked.map((name, index) => {
    const above = entriesOf(nodeAt(checking.root, [...path, ...asked.slice(0, index)]))
    return above.has(name) ? name : name.replace(/(Ms|Bytes|Share)$/, '')
  })
}
