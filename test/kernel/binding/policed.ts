import { bind } from '../../../kernel/binding/bind.ts'
import type { BoundOperations } from '../../../kernel/binding/bound.ts'
import { Chaos } from '../../../kernel/binding/chaos.ts'
import { Deadlines } from '../../../kernel/binding/deadlines.ts'
import { Guards } from '../../../kernel/binding/guards.ts'
import { Instruments } from '../../../kernel/binding/instruments.ts'
import { prometheusText } from '../../../kernel/binding/prometheus.ts'
import { PorticoError } from '../../../kernel/errors.ts'
import type { Meaning } from '../../../kernel/ports/definition.ts'
import { Redaction } from '../../../kernel/redaction.ts'
import type { ChaosRules } from '../../../kernel/resilience/chaos-rules.ts'
import type { PolicySpec } from '../../../kernel/resilience/rules.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { echo, generationOf, keepingLog, type EchoOperations } from './echo.ts'

export interface Policed {
  readonly policy?: Partial<PolicySpec>
  readonly chaos?: ChaosRules
  /** The longest wait of each retry unless set. */
  readonly random?: () => number
  readonly drivers: [Partial<Meaning<EchoOperations>>, ...Partial<Meaning<EchoOperations>>[]]
}

/** An echo binding under a policy, on a clock that stands still. */
export function policed({ policy, chaos, drivers, random = () => 1 }: Policed) {
  const [instruments, log, clock] = [new Instruments(), keepingLog(), new VirtualClock()]
  const parts = { binding: 'echo', port: echo, keys: {}, clock, log, random }
  const binding = bind({
    name: 'echo', port: echo, expose: true, optional: false, capabilities: [], plugin: { name: 'test', version: '1.0.0' },
    first: generationOf(...drivers), instruments, deadlines: new Deadlines(), log, redaction: new Redaction(),
    guards: policy && new Guards({ ...parts, policy: { name: 'external', operations: {}, ...policy }, meters: instruments.meters('policy', 'echo') }),
    chaos: chaos && new Chaos(chaos, clock, random),
  })
  const metrics = async () => {
    await instruments.look(clock)
    return prometheusText([], [], { uptimeSeconds: 1, residentBytes: 1, cpuSeconds: 1 }, instruments.ofPorts)
  }
  return { binding, clock, log, instruments, metrics, face: binding.face as BoundOperations<EchoOperations> }
}

/** A failure of a backend, or with another status of its caller. */
export function failure(status = 503, retryAfterMs?: number, ofCaller?: true): PorticoError {
  const spec = { status, retryable: status >= 500, title: 'Failed', detail: () => 'failed', ...(ofCaller && { ofCaller }) }
  return new PorticoError(status >= 500 ? 'ECHO_DOWN' : 'ECHO_REFUSED', spec, {}, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** What awaits nothing but its turn has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}
