import type { BindingState } from './binding.ts'
import { bucketsMs, type OperationCounts } from './instruments.ts'

/** What stands in /metrics beside the calls. */
export interface ProcessFigures {
  readonly uptimeSeconds: number
  readonly residentBytes: number
  readonly cpuSeconds: number
}

export interface BindingFigures {
  readonly name: string
  readonly plugin: string
  readonly state: BindingState
}

/** The Prometheus text format 0.0.4 of everything that is counted. */
export function prometheusText(calls: readonly OperationCounts[], bindings: readonly BindingFigures[], process: ProcessFigures): string {
  return [
    ...family('process_uptime_seconds', 'gauge', 'Seconds since the start.', [sample({}, process.uptimeSeconds)]),
    ...family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [sample({}, process.residentBytes)]),
    ...family('process_cpu_seconds_total', 'counter', 'User and system CPU time.', [sample({}, process.cpuSeconds)]),
    ...family('portico_binding_up', 'gauge', 'Whether a binding is ready.', bindings.map((binding) => sample({ binding: binding.name, plugin: binding.plugin }, binding.state === 'ready' ? 1 : 0))),
    ...family('portico_calls_in_flight', 'gauge', 'Calls that have not ended.', calls.map((counts) => sample(labels(counts), counts.inFlight))),
    ...family('portico_calls_total', 'counter', 'Ended calls by outcome: ok, or the error code.', calls.flatMap(outcomes)),
    ...family('portico_calls_degraded_total', 'counter', 'Calls that a fallback answered, or that found their backend down.', calls.map((counts) => sample(labels(counts), counts.degraded))),
    ...family('portico_call_duration_seconds', 'histogram', 'Time of ended calls.', calls.flatMap(histogram)),
    '',
  ].join('\n')
}

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly suffix: string
  readonly labels: Labels
  readonly value: number
}

function sample(of: Labels, value: number, suffix = ''): Sample {
  return { suffix, labels: of, value }
}

function labels(counts: OperationCounts): Labels {
  return { binding: counts.binding, operation: counts.operation }
}

function outcomes(counts: OperationCounts): Sample[] {
  return [
    sample({ ...labels(counts), outcome: 'ok' }, counts.succeeded),
    ...Array.from(counts.failed, ([code, times]) => sample({ ...labels(counts), outcome: code }, times)),
  ]
}

function histogram(counts: OperationCounts): Sample[] {
  let sum = 0
  const cumulative = counts.buckets.map((ended) => (sum += ended))
  const bounds = [...bucketsMs.map((boundMs) => String(boundMs / 1_000)), '+Inf']
  return [
    ...bounds.map((le, index) => sample({ ...labels(counts), le }, cumulative[index] ?? sum, '_bucket')),
    sample(labels(counts), counts.totalMs / 1_000, '_sum'),
    sample(labels(counts), sum, '_count'),
  ]
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return []
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((one) => `${name}${one.suffix}${formatLabels(one.labels)} ${one.value}`)]
}

function formatLabels(of: Labels): string {
  const pairs = Object.entries(of).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
