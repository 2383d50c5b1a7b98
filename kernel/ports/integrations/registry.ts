import { isPorticoError } from '../../errors.ts'
import { isDegraded } from '../../resilience/policy-state.ts'
import type { PortParts } from '../definition.ts'
import { describeInbound, describeLook, timeOf, type FailureDescription, type IntegrationDescription, type OperationDescription } from './description.ts'
import type { IntegrationDriver } from './driver.ts'
import type { IntegrationKeys } from './keys.ts'
import type { ReadyOperation } from './ready.ts'
import type { StandIn } from './real.ts'

/** What is known of a partner: what the manifest says of it, what stands behind it, and how the last calls went. */
export class Registry {
  readonly #parts: PortParts<IntegrationDriver, IntegrationKeys>
  readonly #operations: ReadonlyMap<string, ReadyOperation>
  readonly #standIns: StandIn[] = []
  #failed: FailureDescription | undefined
  #lastFailed = false

  constructor(parts: PortParts<IntegrationDriver, IntegrationKeys>, operations: ReadonlyMap<string, ReadyOperation>) {
    this.#parts = parts
    this.#operations = operations
  }

  addStandIn(standIn: StandIn): void {
    this.#standIns.push(standIn)
  }

  behindWhom(operation: string): number | undefined {
    if (this.#operations.get(operation)?.declared.ordered !== true) return undefined
    const index = this.#standIns.findIndex((one) => one.holds())
    return index === -1 ? undefined : index + 1
  }

  succeeded(): void {
    this.#lastFailed = false
  }

  failed(error: unknown): void {
    // What the caller did wrong says nothing of the partner.
    if (!isPorticoError(error) || error.status < 500 || error.ofCaller) return
    this.#failed = { code: error.code, at: timeOf(this.#parts.clock.now()) }
    this.#lastFailed = true
  }

  describe(): IntegrationDescription {
    const { binding, plugin: via, policy, driver, keys: { inbound } } = this.#parts
    const state = policy?.state
    const look = driver.lastLook?.()
    return {
      binding, via,
      degraded: this.#lastFailed || look?.code !== undefined || (state !== undefined && isDegraded(state)),
      ...(this.#failed && { lastError: this.#failed }), ...(look && { probe: describeLook(look) }), ...(state && { policy: state }),
      operations: Array.from(this.#operations.values(), (operation) => this.#describe(operation)),
      fallback: this.#standIns.map((one) => one.describe()),
      ...(inbound && { inbound: describeInbound(inbound) }),
    }
  }

  #describe({ name, idempotent, declared }: ReadyOperation): OperationDescription {
    const { summary, ordered = false, idempotencyKey = false, data = [], input, output } = declared
    const overrides = this.#parts.policy?.overrides(name) ?? []
    return { name, ...(summary !== undefined && { summary }), idempotent, idempotencyKey, data, ...(ordered && { ordered }), ...(overrides.length > 0 && { overrides }), ...(input && { input }), ...(output && { output }) }
  }
}
