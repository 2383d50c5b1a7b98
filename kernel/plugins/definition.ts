import type { FastifyPluginCallback, FastifyPluginAsync } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { JsonSchema } from '../json.ts'
import type { AnyPort } from '../ports/definition.ts'
import type { BoundOperations } from '../binding/bound.ts'
import type { Handlers } from '../workers/handler.ts'
import type { SettingsOf, SettingsSchema } from './settings.ts'

/** Ports that a plugin builds on, by the name it gives them. */
export type Needs = Readonly<Record<string, AnyPort>>

type TypesOf<PD> = PD extends { readonly types?: infer T } ? NonNullable<T> : never
type DriverOf<PD> = TypesOf<PD> extends { readonly driver: infer D } ? D : undefined
type KeysOf<PD> = TypesOf<PD> extends { readonly keys: infer K } ? K : never
type CapabilityOf<PD> = TypesOf<PD> extends { readonly capability: infer C extends string } ? C : never

/** A need as the factory meets it: the operations of a binding, bound. */
export type NeedsOf<N> = { readonly [K in keyof N]: TypesOf<N[K]> extends { readonly operations: infer P; readonly inProcess: infer X } ? BoundOperations<P> & X : never }

/** What a factory is given: exactly what the plugin declared. */
export interface Parts<S, N, Connection, K, D = unknown> {
  readonly settings: SettingsOf<S, D>
  /** The connection the binding stands on; undefined for a plugin without `over`. */
  readonly connection: Connection
  readonly needs: NeedsOf<N>
  /** The binding's name in the manifest. */
  readonly binding: string
  /** The port's own keys, checked, with durations and sizes as numbers. */
  readonly keys: K
  /** The manifest's name: what is shared with other applications, as a broker is, is told apart by it. */
  readonly application: string
  /** The folder of the manifest; paths in settings and keys are already absolute. */
  readonly directory: string
  readonly log: Log
  readonly clock: Clock
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
  /** Runs when the binding closes, last first, also when the factory throws after it. */
  readonly onClose: (close: () => void | Promise<void>) => void
}

/** Metadata and a factory; importing a plugin has no side effect. */
export interface DriverPlugin {
  readonly name: string
  readonly version?: string
  readonly summary: string
  readonly port: AnyPort
  /** The inner port of the connection the driver stands on. */
  readonly over?: AnyPort
  /** The kernel versions it was built for, as a semver range. */
  readonly kernel: string
  /** Package → range of the SDKs that `create` imports. */
  readonly sdk: Readonly<Record<string, string>>
  readonly capabilities: readonly string[]
  readonly settings: SettingsSchema
  readonly needs: Needs
  /** See `DriverInput.entry`. */
  readonly entry?: JsonSchema
  create(parts: Parts<SettingsSchema, Needs, unknown, unknown>): unknown
}

/** What an extension adds to the running kernel. */
export interface Extension {
  /** A Fastify plugin made with fastify-plugin; registered in a scope of its own below `prefix`. */
  readonly routes?: FastifyPluginCallback | FastifyPluginAsync
  readonly prefix?: string
  /** What does the jobs of queues that the plugin needs. */
  readonly handlers?: Handlers
}

/** A plugin that names no port: it builds on bindings and adds routes and job handlers. */
export interface ExtensionPlugin {
  readonly name: string
  readonly version?: string
  readonly summary: string
  readonly port?: never
  readonly kernel: string
  readonly settings: SettingsSchema
  readonly needs: Needs
  create(parts: ExtensionParts<SettingsSchema, Needs>): Extension | Promise<Extension>
}

export type ExtensionParts<S, N> = Omit<Parts<S, N, undefined, undefined>, 'connection' | 'keys'>

export type Plugin = DriverPlugin | ExtensionPlugin

export const pluginBrand = Symbol.for('portico.plugin')

interface PluginInput<S, N> {
  readonly name: string
  /** The package's version; the kernel's own for a built-in plugin. */
  readonly version?: string
  /** One line for `portico plugins`. */
  readonly summary: string
  readonly kernel: string
  readonly settings?: S
  readonly needs?: N
}

interface DriverInput<PD, OD, S, N> extends PluginInput<S, N> {
  readonly port: PD
  readonly over?: OD
  readonly sdk?: Readonly<Record<string, string>>
  readonly capabilities?: readonly CapabilityOf<PD>[]
  /**
   * What this driver takes in each entry of the port's key that is `open` to drivers (an operation of `integrations`): an
   * object schema with `properties` and `required`. The port's own properties of an entry stand beside them.
   */
  readonly entry?: JsonSchema
  create(parts: Parts<S, N, DriverOf<OD>, KeysOf<PD>, DriverOf<PD>>): NoInfer<DriverOf<PD>> | Promise<NoInfer<DriverOf<PD>>>
}

interface ExtensionInput<S, N> extends PluginInput<S, N> {
  readonly port?: never
  create(parts: ExtensionParts<S, N>): Extension | Promise<Extension>
}

/**
 * Declares a plugin: a driver for a port, or, when it names no port, an extension.
 * A missing operation of the driver, a wrong answer, or an unknown capability or setting does not compile.
 */
export function definePlugin<const PD extends AnyPort, const OD extends AnyPort | undefined = undefined, const S extends SettingsSchema = Record<never, never>, const N extends Needs = Record<never, never>>(
  plugin: DriverInput<PD, OD, S, N>,
): DriverPlugin
export function definePlugin<const S extends SettingsSchema = Record<never, never>, const N extends Needs = Record<never, never>>(plugin: ExtensionInput<S, N>): ExtensionPlugin
export function definePlugin(plugin: Pick<Plugin, 'name' | 'summary' | 'kernel' | 'create'> & Partial<DriverPlugin>): Plugin {
  const defaults = plugin.port ? { sdk: {}, capabilities: [], settings: {}, needs: {} } : { settings: {}, needs: {} }
  return Object.freeze({ ...defaults, ...plugin, [pluginBrand]: true }) as Plugin
}
