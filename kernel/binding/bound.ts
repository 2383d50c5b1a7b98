import type { CallOptions } from '../call.ts'

/** A port's operations as callers meet them: the call is made by the binding, from options. */
export type BoundOperations<P> = {
  readonly [K in keyof P]: P[K] extends (input: infer I, call: never) => Promise<infer O> ? (input: I, options?: CallOptions) => Promise<O> : never
}

/**
 * Every port known to the program, by name; a port adds itself by declaration merging. One of a third party writes
 * `declare module 'portico/ports'`, which is this very file: TypeScript merges nothing through a file that re-exports.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged by each port
export interface Ports {}

/** Bindings of which more is known than their port: `portico types` writes a file that merges them in. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged by the application
export interface KnownBindings {}

/** All bindings by name: `ports.storage`, `ports['storage.reports']`. */
export type Bound = { readonly [K in keyof Ports as Exclude<K | `${K & string}.${string}`, keyof KnownBindings>]: Ports[K] } & { readonly [K in keyof KnownBindings]: KnownBindings[K] }
