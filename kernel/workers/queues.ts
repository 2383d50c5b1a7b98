import type { StartedBinding } from '../binding/bind.ts'
import type { BindingSpec } from '../manifest/types.ts'
import { rulesOf, type QueueKeys, type QueueRules } from '../ports/queue/keys.ts'
import type { WorkerOperations } from './operations.ts'

/** A binding of the port queue that runs, as workers meet it. */
export interface QueueBinding {
  readonly name: string
  readonly operations: WorkerOperations
  readonly capabilities: ReadonlySet<string>
  readonly keys: QueueKeys
  readonly rules: ReadonlyMap<string, QueueRules>
}

/** The bindings of the port queue that run, by name; an optional one that did not start is none of them. */
export function queueBindings(specs: readonly BindingSpec[], started: ReadonlyMap<string, StartedBinding>): ReadonlyMap<string, QueueBinding> {
  const found = new Map<string, QueueBinding>()
  for (const { name, port, keys: checked } of specs) {
    const binding = started.get(name)
    if (port.name !== 'queue' || binding?.state !== 'ready') continue
    // The manifest check has held both to the port's own definition.
    const keys = checked as QueueKeys
    found.set(name, { name, operations: binding.face as WorkerOperations, capabilities: new Set(binding.capabilities), keys, rules: rulesOf(keys) })
  }
  return found
}
