import type { Position } from './types.ts'

/** What a text wants loaded, found before anything is checked against the code. */
export interface WantedPlugins {
  /** The entries of `plugins:` in order. */
  readonly listed: readonly { readonly specifier: string; readonly at: Position; readonly path: string }[]
  /** `use` of every connection. */
  readonly connections: readonly string[]
  /** Every (port, driver) pair of `use`; and every port with `on`, whose driver follows from that connection's `use`. */
  readonly drivers: readonly { readonly port: string; readonly use: string }[]
  readonly over: readonly { readonly port: string; readonly connectionUse: string }[]
}
