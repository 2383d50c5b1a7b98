import { checkBindings } from './bindings.ts'
import { Checking } from './checking.ts'
import { checkConnections } from './connections.ts'
import { applyEnvironment, choicePaths, refuseUnknownVariables } from './environment.ts'
import { checkExtensions } from './extensions.ts'
import { keyPosition } from './nodes.ts'
import { overridablePaths } from './overridable.ts'
import { checkResilience } from './policies.ts'
import type { Resilience } from './policies.ts'
import type { Problems } from './problems.ts'
import type { RawManifest } from './raw.ts'
import { rootSchema, serverSchema } from './structure.ts'
import type { BindingSpec, Catalogue, Manifest, ManifestOptions, ServerSpec } from './types.ts'
import { resolveUnits } from './units.ts'

/**
 * Judges a manifest against the code it names, with secrets as placeholders: every problem at once, nothing started.
 * The answer holds what could be made sense of; undefined when not even its outermost keys could.
 */
export function checkManifest(raw: RawManifest, catalogue: Catalogue, options: ManifestOptions, problems: Problems): Manifest | undefined {
  return checkPieces(raw, catalogue, options, problems).manifest
}

/** As `checkManifest`, with the judged parts for `portico explain`. */
export function checkPieces(raw: RawManifest, catalogue: Catalogue, options: ManifestOptions, problems: Problems): { readonly manifest: Manifest | undefined; readonly checking: Checking } {
  const paths = () => overridablePaths(raw.root, catalogue)
  const root = applyEnvironment(raw.root, paths, options.env, problems)
  refuseUnknownVariables(() => [...choicePaths(root), ...paths()], options.env, problems)

  const checking = new Checking(root, raw.directory, catalogue, problems)
  const judged = checking.judge(rootSchema, [], { noun: 'key', secrets: false, apart: [['connections', '*'], ['ports', '*'], ['plugins', '*', 'with']] })
  const connections = checkConnections(checking)
  const bindings = checkBindings(checking)
  const extensions = checkExtensions(checking)
  const top = judged && (resolveUnits(rootSchema, judged.value, checking.units([])) as Resilience & { name: string; server?: ServerSpec })
  // References and names are told also when the top was refused.
  const resilient = checkResilience(checking, bindings, top ?? {})
  if (!top) return { manifest: undefined, checking }

  const server = top.server ?? (resolveUnits(serverSchema, {}, checking.units(['server'])) as ServerSpec)
  const { path, directory, sha256 } = raw
  return { manifest: { path, directory, sha256, name: top.name, server, connections, bindings: resilient, extensions, ...chaosOf(checking, resilient) }, checking }
}

function chaosOf({ root }: Checking, bindings: readonly BindingSpec[]): Pick<Manifest, 'chaos'> {
  return bindings.some(({ chaos }) => chaos) ? { chaos: { at: keyPosition(root, ['chaos']) } } : {}
}
