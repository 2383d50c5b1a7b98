import type { Problems } from '../manifest/problems.ts'
import type { BindingSpec, ConnectionSpec, ExtensionSpec, Manifest } from '../manifest/types.ts'
import { withInner } from './inner-drivers.ts'

/** One thing to start. */
export type PlanStep =
  | { readonly kind: 'connection'; readonly id: string; readonly spec: ConnectionSpec }
  | { readonly kind: 'binding'; readonly id: string; readonly spec: BindingSpec }
  | { readonly kind: 'extension'; readonly id: string; readonly spec: ExtensionSpec }

/** What will start, in this order: each step after all that it stands on. */
export interface Plan {
  readonly steps: readonly PlanStep[]
}

/** Orders the manifest's entries by what they stand on, otherwise as they are written. A cycle is reported with its path. */
export function makePlan(manifest: Manifest, problems: Problems): Plan {
  const steps: PlanStep[] = [
    ...manifest.connections.map((spec) => ({ kind: 'connection' as const, id: connectionId(spec.name), spec })),
    ...manifest.bindings.map((spec) => ({ kind: 'binding' as const, id: spec.name, spec })),
    ...manifest.extensions.map((spec) => ({ kind: 'extension' as const, id: spec.path, spec })),
  ]
  const byId = new Map(steps.map((step) => [step.id, step]))
  const ordered = new Set<PlanStep>()
  // Depth first with a path of its own: however deep a manifest is, the stack of calls is not.
  const path: { readonly step: PlanStep; readonly left: string[] }[] = []
  const onPath = new Set<PlanStep>()

  const enter = (step: PlanStep): void => {
    if (ordered.has(step)) return
    if (onPath.has(step)) {
      const before = [...onPath]
      reportCycle([...before.slice(before.indexOf(step)), step], problems)
      return
    }
    onPath.add(step)
    path.push({ step, left: [...standsOn(step)] })
  }
  for (const root of steps) {
    enter(root)
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const id = last.left.shift()
      const below = id === undefined ? undefined : byId.get(id)
      if (below) enter(below)
      if (id !== undefined) continue
      path.pop()
      onPath.delete(last.step)
      ordered.add(last.step)
    }
  }
  return { steps: [...ordered] }
}

export function connectionId(name: string): string {
  return `connections.${name}`
}

/** The ids of what a step stands on: its drivers' connections, those of its fallbacks, the bindings that it needs or its keys name. */
export function standsOn(step: PlanStep): readonly string[] {
  if (step.kind === 'connection') return []
  const drivers = step.kind === 'binding' ? [step.spec, ...step.spec.fallback].flatMap(withInner) : []
  const uses = step.kind === 'binding' ? step.spec.uses : []
  return [...drivers.flatMap(({ on }) => (on === undefined ? [] : [connectionId(on)])), ...Object.values(step.spec.needs), ...uses]
}

function reportCycle(cycle: readonly PlanStep[], problems: Problems): void {
  const [first] = cycle
  if (!first) return
  problems.add({ at: first.spec.at, path: first.spec.path, message: `needs itself: ${cycle.map(({ id }) => id).join(' -> ')}` })
}
