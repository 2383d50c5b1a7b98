import { entriesOf, nodeAt } from './nodes.ts'
import type { Node, Path } from './nodes.ts'
import type { JsonSchema } from '../json.ts'
import { override } from './overrides.ts'
import type { Problems } from './problems.ts'
import { didYouMean } from './suggest.ts'
import { branches } from './units.ts'

type Env = Readonly<Record<string, string | undefined>>

/** `connections.main.with.busyTimeout` is overridden by `PORTICO_CONNECTIONS_MAIN_WITH_BUSY_TIMEOUT`. */
export function variableFor(path: Path): string {
  return `PORTICO_${path.map((name) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]/g, '_').toUpperCase()).join('_')}`
}

/** The variable that holds a secret while the manifest has no `secrets` binding. */
export function secretVariable(name: string): string {
  return `PORTICO_SECRET_${name.replace(/[^A-Za-z0-9]/g, '_').toUpperCase()}`
}

/** Variables that can only be meant as overrides; other names with our prefix belong to someone else. */
function overridesIn(env: Env): readonly string[] {
  return Object.keys(env).filter((name) => env[name] !== undefined && (name === 'PORTICO_NAME' || /^PORTICO_(CONNECTIONS|PORTS|SERVER|POLICIES|CHAOS)_/.test(name)))
}

/** The paths of the drivers' choice, which is read before any plugin is loaded. */
export function choicePaths(root: Node): readonly Path[] {
  return (['connections', 'ports'] as const).flatMap((area) => [...entriesOf(nodeAt(root, [area])).keys()].flatMap((name) => {
    const held = nodeAt(root, [area, name, 'on'])?.kind === 'map' ? [[area, name, 'on', 'use']] : []
    return [[area, name, 'use'], ...(area === 'ports' ? [[area, name, 'on'], ...held] : [])]
  }))
}

/** Lays environment variables over the values at `paths`. Their text is taken as it is: nothing in it is a reference. */
export function applyEnvironment(root: Node, paths: () => readonly Path[], env: Env, problems: Problems): Node {
  const variables = overridesIn(env)
  if (variables.length === 0) return root

  const byVariable = Map.groupBy(paths(), variableFor)
  let result = root
  for (const variable of variables) {
    const [path, other] = byVariable.get(variable) ?? []
    if (!path) continue
    if (other) problems.add({ message: `the variable ${variable} could mean ${path.join('.')} or ${other.join('.')}; rename one of them` })
    else result = override(result, path, { kind: 'scalar', at: undefined, origin: { env: variable }, value: env[variable] ?? '', text: true })
  }
  return result
}

/** An override that reaches nothing is a slip that would go unnoticed, so it is refused like an unknown key. */
export function refuseUnknownVariables(paths: () => readonly Path[], env: Env, problems: Problems): void {
  const variables = overridesIn(env)
  if (variables.length === 0) return
  const known = new Set(paths().map(variableFor))
  for (const variable of variables.filter((name) => !known.has(name))) {
    problems.add({ message: `the variable ${variable} overrides nothing in this manifest${didYouMean(variable, known)}` })
  }
}

/** Every single value that a schema admits below `path`: what is declared, and what a map of the manifest holds. */
export function scalarPaths(schema: JsonSchema | boolean, node: Node | undefined, path: Path): readonly Path[] {
  if (typeof schema === 'boolean') return []
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>
  const rest = typeof schema.additionalProperties === 'object' ? (schema.additionalProperties as JsonSchema) : undefined
  const own = Object.entries(properties).flatMap(([name, property]) => scalarPaths(property, nodeAt(node, [name]), [...path, name]))
  const named = rest ? [...entriesOf(node).keys()].filter((name) => !Object.hasOwn(properties, name)).flatMap((name) => scalarPaths(rest, nodeAt(node, [name]), [...path, name])) : []
  const either = branches(schema).flatMap((branch) => scalarPaths(branch, node, path))

  const types = schema.type === undefined ? [] : [schema.type].flat()
  const single = types.some((type) => type !== 'object' && type !== 'array') || 'const' in schema || Array.isArray(schema.enum) || ('x-setting' in schema && schema['x-setting'] !== 'drivers')
  return [...(single ? [path] : []), ...own, ...named, ...either.filter((found) => !single || found.length > path.length)]
}
