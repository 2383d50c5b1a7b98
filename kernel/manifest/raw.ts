import type { Node } from './nodes.ts'
import type { Position } from './types.ts'

/** A manifest as it was written, with overlay and overrides applied; nothing is checked yet. */
export interface RawManifest {
  /** As it was given, for reports and `portico explain`. */
  readonly path: string
  /** Absolute: what relative paths start at. */
  readonly directory: string
  /** Of the files' bytes, in the order they were read. */
  readonly sha256: string
  readonly root: Node
}

/** What a text wants loaded, found before anything is checked against the code. */
export interface WantedPlugins {
  /** The entries of `plugins:` in order. */
  readonly listed: readonly { readonly specifier: string; readonly at: Position | undefined; readonly path: string }[]
  /** `use` of every connection. */
  readonly connections: readonly string[]
  /** Every (port, driver) pair of `use`; and every port with `on`, whose driver follows from that connection's `use`. */
  readonly drivers: readonly { readonly port: string; readonly use: string }[]
  readonly over: readonly { readonly port: string; readonly connectionUse: string }[]
}
