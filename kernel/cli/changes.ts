import type { BindingSpec, ConnectionSpec, DriverSpec, ExtensionSpec, Manifest } from '../manifest/types.ts'
import { capabilitiesOf, withInner } from '../plugins/inner-drivers.ts'

/** What a manifest runs, or a server is running, in the words that both have. */
export interface Running {
  readonly parts: readonly Part[]
  /** The kinds it tells: what a running server does not tell is not taken for a change. */
  readonly tells: readonly Part['kind'][]
}

const kinds = ['server', 'connection', 'binding', 'extension'] as const

/** Where nothing runs yet. */
export const nothing: Running = { parts: [], tells: kinds }

export interface Part {
  readonly kind: (typeof kinds)[number]
  readonly name: string
  readonly plugin: string
  readonly capabilities: readonly string[]
  /** The connection it stands on. */
  readonly on?: string
  /** The connections that the drivers it is made of, or its fallbacks, stand on. */
  readonly besides?: readonly string[]
  /** Its settings and keys as one text to compare; absent when they are not known. */
  readonly content?: string
}

export interface Change {
  readonly action: 'start' | 'restart' | 'stop' | 'keep'
  readonly kind: Part['kind']
  readonly name: string
  readonly plugin: string
  readonly because: readonly string[]
  /** Capabilities that were there before and are not after. */
  readonly lost: readonly string[]
  readonly gained: readonly string[]
}

/** What a checked manifest runs, connections first. */
export function runningOf(manifest: Manifest): Running {
  return {
    tells: kinds,
    parts: [
      { kind: 'server', name: 'server', plugin: '', capabilities: [], content: canonical(manifest.server) },
      ...manifest.connections.map((spec) => partOf('connection', spec)),
      ...manifest.bindings.map((spec) => ({
        ...partOf('binding', spec),
        besides: [spec, ...spec.fallback].flatMap(withInner).slice(1).flatMap(({ on }) => on ?? []),
        content: canonical([spec.settings, spec.keys, spec.needs, spec.fallback.map((driver) => [...contentOf(driver), driver.when]), contentOf(spec).slice(-1), spec.expose, spec.optional, spec.policy, spec.chaos]),
      })),
      ...manifest.extensions.map(extensionPart),
    ],
  }
}

function partOf(kind: 'connection' | 'binding', spec: ConnectionSpec | BindingSpec): Part {
  const { plugin, on, settings } = spec
  return { kind, name: spec.name, plugin: plugin.name, capabilities: capabilitiesOf(spec), ...(on !== undefined && { on }), content: canonical(settings) }
}

function contentOf({ plugin, on, settings, inner }: DriverSpec): readonly unknown[] {
  return [plugin.name, on, settings, Object.entries(inner ?? {}).map(([name, drivers]) => [name, drivers.map(contentOf)])]
}

function extensionPart({ specifier, plugin, settings, needs }: ExtensionSpec): Part {
  return { kind: 'extension', name: specifier, plugin: plugin.name, capabilities: [], content: canonical([settings, needs]) }
}

/**
 * What must happen to come from `before` to `after`: in the order of `after`, then what stops.
 * What stands on a connection that restarts, restarts with it.
 */
export function compareRunning(before: Running, after: Running): readonly Change[] {
  const earlier = new Map(before.parts.map((part) => [keyOf(part), part]))
  const later = new Set(after.parts.map(keyOf))
  const restarted = new Set<string>()

  const changes = after.parts.filter(({ kind }) => before.tells.includes(kind)).map((part) => {
    const change = changeOf(earlier.get(keyOf(part)), part, restarted)
    if (part.kind === 'connection' && change.action !== 'keep') restarted.add(part.name)
    return change
  })

  const stops = before.parts.filter((part) => !later.has(keyOf(part))).map((part) => ({ ...namesOf(part), action: 'stop' as const, because: [], lost: part.capabilities, gained: [] }))
  return [...changes, ...stops]
}

function changeOf(before: Part | undefined, after: Part, restarted: ReadonlySet<string>): Change {
  if (!before) return { ...namesOf(after), action: 'start', because: [], lost: [], gained: after.capabilities }

  const because = [
    ...(before.plugin === after.plugin ? [] : [`${before.plugin} becomes ${after.plugin}`]),
    ...(before.on === after.on || before.content === undefined ? [] : [`stands on ${after.on ?? 'no connection'}`]),
    ...(before.content === undefined || before.content === after.content ? [] : ['settings changed']),
    ...[...new Set([after.on ?? [], after.besides ?? []].flat())].filter((name) => restarted.has(name)).map((name) => `${name} restarts`),
  ]
  return {
    ...namesOf(after),
    action: because.length > 0 ? 'restart' : 'keep',
    because,
    lost: before.capabilities.filter((name) => !after.capabilities.includes(name)),
    gained: after.capabilities.filter((name) => !before.capabilities.includes(name)),
  }
}

function namesOf({ kind, name, plugin }: Part): Pick<Part, 'kind' | 'name' | 'plugin'> {
  return { kind, name, plugin }
}

function keyOf({ kind, name }: Part): string {
  return `${kind} ${name}`
}

/** JSON with sorted names, and secrets by their names: two texts are equal when they mean the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    if ('secret' in inner && inner.secret === true && 'pieces' in inner) return { pieces: inner.pieces }
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
