import type { Call } from '../call.ts'
import type { AnyPort, Peer } from '../ports/definition.ts'
import type { ChaosRules } from '../resilience/chaos-rules.ts'
import type { PolicyState } from '../resilience/policy-state.ts'

export type BindingState = 'starting' | 'ready' | 'failed' | 'closed'

export interface BindingHealth {
  readonly status: 'ok' | 'degraded' | 'failed'
  readonly latencyMs: number
  /** The code and words of the failure; never an SDK's own text. */
  readonly error?: string
}

/** A port tied to a driver, as the server, the container and the instruments meet it. */
export interface Binding {
  readonly name: string
  readonly port: AnyPort
  /** The port's own keys, checked. */
  readonly keys: unknown
  readonly plugin: { readonly name: string; readonly version: string }
  /** What the driver declared and the connection turned out to have. */
  readonly capabilities: readonly string[]
  /** False: not over HTTP. */
  readonly expose: boolean
  /** True: its failure does not make the server unready. */
  readonly optional: boolean
  readonly state: BindingState
  readonly since: Date
  /** Its policy as it is now. */
  readonly policy?: PolicyState | undefined
  /** The faults that are injected into it. */
  readonly chaos?: ChaosRules | undefined
  /** The port's operations by name, wrapped: input checked, deadline kept, counted, traced. */
  readonly operations: Peer
  /** What application code gets: the operations, and what the port offers in process only. */
  readonly face: object
  health(): Promise<BindingHealth>
}

/** What any driver and connection may add to its port's driver interface. */
export interface Probed {
  /** A cheap round trip to the backend; throws when it does not answer. */
  health?(call: Call): Promise<void>
  /** What is not as it should be although the backend answers; asked after `health`. */
  ailment?(): string | undefined
  /** Declared capabilities that this very backend turned out to lack (no replica set, an older server). */
  readonly lacks?: readonly string[]
}
