import type { AnyPort, Operation } from '../ports/definition.ts'
import type { ChaosRules } from '../resilience/chaos-rules.ts'
import type { OperationRules, PolicyRules, PolicySpec } from '../resilience/rules.ts'
import { namesIn } from './checking.ts'
import type { Checking } from './checking.ts'
import { entriesOf, keyPosition, nodeAt, showPath, textAt } from './nodes.ts'
import type { Path } from './nodes.ts'
import { didYouMean } from './suggest.ts'
import type { BindingSpec } from './types.ts'

type Declared = Omit<PolicySpec, 'name' | 'operations'> & { readonly operations?: PolicySpec['operations'] }

/** What the top of the manifest says of policies and chaos, with units resolved; nothing of it when the top was refused. */
export interface Resilience {
  readonly policies?: Readonly<Record<string, Declared>>
  readonly chaos?: Readonly<Record<string, ChaosRules>>
}

/** Gives each binding the policy that it names and the chaos that is meant for it; what meets nothing or contradicts itself is refused. */
export function checkResilience(checking: Checking, bindings: readonly BindingSpec[], { policies = {}, chaos = {} }: Resilience): readonly BindingSpec[] {
  for (const [name, policy] of Object.entries(policies)) checkTimes(checking, name, policy)
  checkOperations(checking, bindings)
  checkChaos(checking, chaos)
  for (const binding of namesIn(checking.root, 'ports')) checkReference(checking, ['ports', binding, 'policy'])

  return bindings.map((spec) => {
    const name = policyOf(checking, spec.name)
    const policy = name !== undefined && Object.hasOwn(policies, name) ? policies[name] : undefined
    const faults = Object.hasOwn(chaos, spec.name) ? chaos[spec.name] : undefined
    return { ...spec, ...(policy && name !== undefined ? { policy: { operations: {}, ...policy, name } } : {}), ...(faults ? { chaos: faults } : {}) }
  })
}

function policyOf(checking: Checking, binding: string): string | undefined {
  return textAt(checking.root, ['ports', binding, 'policy'])
}

function checkReference(checking: Checking, path: Path): void {
  const node = nodeAt(checking.root, path)
  if (node?.kind === 'scalar' && node.pieces) checking.refuse(path, 'a secret cannot stand here: this is read before secrets are')
  const name = textAt(checking.root, path)
  const known = namesIn(checking.root, 'policies')
  if (name !== undefined && !known.includes(name)) {
    checking.refuse(path, `there is no policy "${name}"${didYouMean(name, known) || (known.length > 0 ? `; there are ${known.join(', ')}` : '; declare it under policies')}`)
  }
}

/** Times that contradict each other: of the whole policy, and of an operation with what it takes over from the policy. */
function checkTimes(checking: Checking, name: string, policy: Declared): void {
  checkRules(checking, ['policies', name], policy, policy)
  for (const [operation, own] of Object.entries(policy.operations ?? {})) checkRules(checking, ['policies', name, 'operations', operation], { ...policy, ...own }, own)
}

/** `own` is what stands at the path: what it took over is told where it stands. */
function checkRules(checking: Checking, path: Path, { timeoutMs, attemptTimeoutMs, retry }: OperationRules, own: PolicyRules | OperationRules): void {
  if (timeoutMs !== undefined && attemptTimeoutMs !== undefined && attemptTimeoutMs > timeoutMs && (own.timeoutMs ?? own.attemptTimeoutMs) !== undefined) {
    const key = own.attemptTimeoutMs === undefined ? 'timeout' : 'attemptTimeout'
    checking.refuse([...path, key], `one attempt may take ${attemptTimeoutMs} ms, and the whole call only ${timeoutMs} ms; let attemptTimeout be the shorter one`)
  }
  if (own.retry && retry && retry.initialMs > retry.maxMs) {
    const at = nodeAt(checking.root, [...path, 'retry', 'initial']) ? 'initial' : 'max'
    checking.refuse([...path, 'retry', at], `the first wait, ${retry.initialMs} ms, is longer than the longest, ${retry.maxMs} ms`)
  }
}

/** A policy's operation has to be one of a binding that takes the policy; of a policy that none takes nothing can be told. */
function checkOperations(checking: Checking, bindings: readonly BindingSpec[]): void {
  const { root, problems } = checking
  // A binding that was refused would be missed here, and every operation of its policy with it.
  const bound = new Map(bindings.map((spec) => [spec.name, spec]))
  for (const policy of namesIn(root, 'policies')) {
    const takers = namesIn(root, 'ports').filter((binding) => policyOf(checking, binding) === policy)
    if (takers.length === 0 || takers.some((binding) => !bound.has(binding))) continue
    const taken = takers.map((binding) => operationsOf(bound.get(binding)))
    const known = new Set(taken.flatMap((operations) => [...operations.keys()]))
    for (const operation of entriesOf(nodeAt(root, ['policies', policy, 'operations'])).keys()) {
      if (known.has(operation)) {
        const retry = ['policies', policy, 'operations', operation, 'retry']
        const isNever = taken.every((operations) => (operations.get(operation) ?? false) === false)
        if (isNever && nodeAt(root, retry)?.kind === 'map') checking.refuse(retry, `${operation} is never made again, for a repeat of it may do harm; take this out, or let it be idempotent`)
        continue
      }
      const path = ['policies', policy, 'operations', operation]
      problems.add({ at: keyPosition(root, path), path: showPath(path), message: `${takers.join(', ')} ${takers.length === 1 ? 'has' : 'have'} no operation "${operation}"${didYouMean(operation, known) || `; there are ${[...known].join(', ')}`}` })
    }
  }
}

/** The names that a policy knows a binding's operations by, and whether a repeat of each does no harm. */
function operationsOf(spec: { readonly port: AnyPort; readonly keys: unknown } | undefined): ReadonlyMap<string, Operation['idempotent']> {
  if (!spec) return new Map()
  const { operations, named } = spec.port
  // What reaches no backend is kept by no policy.
  const own = Object.entries(operations).filter(([name, { local }]) => !local && name !== named?.operation).map(([name, { idempotent }]) => [name, idempotent] as const)
  return new Map([...own, ...Object.entries(named?.declared(spec.keys) ?? {})])
}

function checkChaos(checking: Checking, chaos: Readonly<Record<string, ChaosRules>>): void {
  const known = namesIn(checking.root, 'ports')
  for (const [binding, { errorsShare, dropShare }] of Object.entries(chaos)) {
    const path = ['chaos', binding]
    if (!known.includes(binding)) checking.problems.add({ at: keyPosition(checking.root, path), path: showPath(path), message: `there is no binding "${binding}"${didYouMean(binding, known) || (known.length > 0 ? `; there are ${known.join(', ')}` : '')}` })
    if (errorsShare + dropShare > 1) checking.refuse(path, 'more than all calls cannot fail or be dropped: errors and drop come to more than 100%')
  }
}
