import type { BindingState } from './binding.ts'
import type { DurationCounts } from './durations.ts'
import type { OperationCounts } from './instruments.ts'
import type { Labels, Meters } from './meters.ts'

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
export function prometheusText(calls: readonly OperationCounts[], bindings: readonly BindingFigures[], process: ProcessFigures, ofPorts: readonly Meters[]): string {
  return [
    ...family('process_uptime_seconds', 'gauge', 'Seconds since the start.', [sample({}, process.uptimeSeconds)]),
    ...family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [sample({}, process.residentBytes)]),
    ...family('process_cpu_seconds_total', 'counter', 'User and system CPU time.', [sample({}, process.cpuSeconds)]),
    ...family('portico_binding_up', 'gauge', 'Whether a binding is ready.', bindings.map((binding) => sample({ binding: binding.name, plugin: binding.plugin }, binding.state === 'ready' ? 1 : 0))),
    ...family('portico_calls_in_flight', 'gauge', 'Calls that have not ended.', calls.map((counts) => sample(labels(counts), counts.inFlight))),
    ...family('portico_calls_total', 'counter', 'Ended calls by outcome: ok, or the error code.', calls.flatMap(outcomes)),
    ...family('portico_calls_degraded_total', 'counter', 'Calls that a fallback answered, or that found their backend down.', calls.map((counts) => sample(labels(counts), counts.degraded))),
    ...family('portico_call_duration_seconds', 'histogram', 'Time of ended calls.', calls.flatMap((counts) => histogram(labels(counts), counts))),
    ...meters(ofPorts),
    '',
  ].join('\n')
}

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

function histogram(of: Labels, { buckets, boundsMs, totalMs }: DurationCounts): Sample[] {
  let sum = 0
  const cumulative = buckets.map((ended) => (sum += ended))
  const bounds = [...boundsMs.map((boundMs) => String(boundMs / 1_000)), '+Inf']
  return [
    ...bounds.map((le, index) => sample({ ...of, le }, cumulative[index] ?? sum, '_bucket')),
    sample(of, totalMs / 1_000, '_sum'),
    sample(of, sum, '_count'),
  ]
}

interface Family {
  readonly type: string
  readonly help: string
  readonly samples: Sample[]
}

/** What ports count, a family over all their bindings at once, as the format wants it. */
function meters(ofPorts: readonly Meters[]): string[] {
  const families = new Map<string, Family>()
  const add = (type: string, { name, help }: { readonly name: string; readonly help: string }, samples: readonly Sample[]) => {
    let found = families.get(name)
    if (!found) families.set(name, (found = { type, help, samples: [] }))
    found.samples.push(...samples)
  }
  for (const { counters, gauges, histograms } of ofPorts) {
    for (const one of gauges) add('gauge', one, one.figure.value === undefined ? [] : [sample(one.labels, one.figure.value)])
    for (const one of counters) add('counter', one, [sample(one.labels, one.figure.value)])
    for (const one of histograms) add('histogram', one, one.figure.buckets.some((ended) => ended > 0) ? histogram(one.labels, one.figure) : [])
  }
  return Array.from(families, ([name, { type, help, samples }]) => family(name, type, help, samples)).flat()
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  if (samples.length === 0) return []
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((one) => `${name}${one.suffix}${formatLabels(one.labels)} ${one.value}`)]
}

function formatLabels(of: Labels): string {
  const pairs = Object.entries(of).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
