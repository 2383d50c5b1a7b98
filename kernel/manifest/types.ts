import type { DriverPlugin, ExtensionPlugin } from '../plugins/definition.ts'
import type { JsonSchema } from '../json.ts'
import type { AnyPort } from '../ports/definition.ts'
import type { ChaosRules } from '../resilience/chaos-rules.ts'
import type { PolicySpec } from '../resilience/rules.ts'

/** Where a value of the manifest was written. Lines and columns start at 1. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Where the effective value of a setting comes from. */
export type Origin = Position | { readonly env: string } | { readonly flag: string } | { readonly default: true }

/** What to read: a file, or a manifest as a value (library, tests), whose relative paths start at `directory`. */
export type ManifestSource = { readonly path: string } | { readonly manifest: object; readonly directory: string }

/** What stands beside the files and takes precedence over them. */
export interface ManifestOptions {
  /** The overlay's name (`--env`, `PORTICO_ENV`): `infra.config.<env>.yaml`. */
  readonly overlay?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** `--set path=value`, in order. */
  readonly set?: readonly string[]
}

/** The code that the checker judges the manifest against; filled by the loader. */
export interface Catalogue {
  /** Ports by name: the kernel's and those that listed plugins define. */
  readonly ports: ReadonlyMap<string, AnyPort>
  /** Names of all drivers of a port, loaded or not: for suggestions and completion. */
  names(port: string): readonly string[]
  /** A loaded driver; undefined when there is none of that name, or its import failed (reported by the loader). */
  driver(port: string, name: string): DriverPlugin | undefined
  /** The extensions that `plugins:` lists, by specifier. */
  readonly extensions: ReadonlyMap<string, ExtensionPlugin>
  /** True for a driver whose import failed, so that it is not reported twice. */
  failed(port: string, name: string): boolean
}

/** A driver as the manifest wants it: which plugin, with which settings. */
export interface DriverSpec {
  readonly plugin: DriverPlugin
  /** The name of the connection it stands on; see `ConnectionSpec.name`. */
  readonly on?: string
  /** Settings with units resolved and names as the factory gets them; a secret reference stands as `SecretReference`. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The drivers that it is made of, by the setting that holds them. */
  readonly inner?: Readonly<Record<string, readonly DriverSpec[]>>
}

/** A driver that takes over. */
export interface FallbackSpec extends DriverSpec {
  /** The causes, in its port's words, that it is for; all of them unless set. */
  readonly when?: readonly string[]
}

/** A secret that is read in stage 2, with where it is wanted. It stands in place of a text, possibly between other text. */
export interface SecretReference {
  readonly secret: true
  /** Text pieces and secret names in turn: `["mongodb://u:", { name: "pw" }, "@host"]`. */
  readonly pieces: readonly (string | { readonly name: string })[]
  readonly path: string
  /** Absent when the manifest was given as a value. */
  readonly at: Position | undefined
  /** The schema of the value that it stands for; judged when it is filled. */
  readonly schema: JsonSchema
}

export interface ConnectionSpec extends DriverSpec {
  /** `main` for `connections.main`; `storage.reports` for the connection that the binding `storage.reports` holds itself. */
  readonly name: string
  readonly path: string
  /** Absent when the manifest was given as a value. */
  readonly at: Position | undefined
  readonly startTimeoutMs: number
}

export interface BindingSpec extends DriverSpec {
  /** `storage`, `storage.reports`. */
  readonly name: string
  readonly path: string
  /** Absent when the manifest was given as a value. */
  readonly at: Position | undefined
  readonly port: AnyPort
  /** The port's own keys, checked and with units resolved. */
  readonly keys: unknown
  /** The plugin's name for a need → the binding that serves it. */
  readonly needs: Readonly<Record<string, string>>
  /** The bindings that its keys name. */
  readonly uses: readonly string[]
  readonly fallback: readonly FallbackSpec[]
  readonly policy?: PolicySpec
  readonly chaos?: ChaosRules
  readonly optional: boolean
  readonly expose: boolean
  readonly startTimeoutMs: number
}

export interface ExtensionSpec {
  readonly specifier: string
  readonly plugin: ExtensionPlugin
  readonly settings: Readonly<Record<string, unknown>>
  readonly needs: Readonly<Record<string, string>>
  readonly path: string
  /** Absent when the manifest was given as a value. */
  readonly at: Position | undefined
  readonly startTimeoutMs: number
}

export interface ServerSpec {
  readonly host: string
  readonly port: number
  /** How long a shutdown waits for calls in flight. */
  readonly drainTimeoutMs: number
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** The checked manifest: stage 1 has nothing left to refuse. */
export interface Manifest {
  readonly path: string
  readonly directory: string
  /** Of the files' bytes, in the order they were read. */
  readonly sha256: string
  readonly name: string
  readonly server: ServerSpec
  readonly connections: readonly ConnectionSpec[]
  readonly bindings: readonly BindingSpec[]
  readonly extensions: readonly ExtensionSpec[]
  /** There when faults are to be injected, with where that is said; what they are stands with each binding. */
  readonly chaos?: { readonly at: Position | undefined }
}

/** One line of `portico explain`. */
export interface Explained {
  readonly path: string
  /** As the manifest would write it; `***` for a sensitive one. */
  readonly value: unknown
  readonly origin: Origin
}
