import { checkBindings } from './bindings.ts'
import { Checking } from './checking.ts'
import { checkConnections } from './connections.ts'
import { applyEnvironment, choicePaths, refuseUnknownVariables } from './environment.ts'
import { checkExtensions } from './extensions.ts'
import { overridablePaths } from './overridable.ts'
import type { Problems } from './problems.ts'
import type { RawManifest } from './raw.ts'
import { rootSchema, serverSchema } from './structure.ts'
import type { Catalogue, Manifest, ManifestOptions, ServerSpec } from './types.ts'
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
  if (!judged) return { manifest: undefined, checking }

  const top = resolveUnits(rootSchema, judged.value, checking.units([])) as { name: string; server?: ServerSpec }
  const server = top.server ?? (resolveUnits(serverSchema, {}, checking.units(['server'])) as ServerSpec)
  const { path, directory, sha256 } = raw
  return { manifest: { path, directory, sha256, name: top.name, server, connections, bindings, extensions }, checking }
}
