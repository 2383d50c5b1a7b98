import { explainManifest } from '../../manifest/explain.ts'
import { Problems } from '../../manifest/problems.ts'
import { readManifest } from '../../manifest/read.ts'
import { didYouMean } from '../../manifest/suggest.ts'
import type { Explained, Origin } from '../../manifest/types.ts'
import { wantedPlugins } from '../../manifest/wanted.ts'
import { loadPlugins } from '../../plugins/loader.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import { InputError, type Outcome } from '../outcome.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

/**
 * Every setting, or those at and below a path, with its effective value and where that comes from; secrets redacted.
 * A manifest that is wrong in places is explained all the same, for that is when one asks.
 * @throws InputError when there is nothing at the path.
 */
export async function explain(flags: CommonFlags, path: string | undefined, terminal: Terminal): Promise<Outcome> {
  const options = manifestOptions(flags, terminal)
  const problems = new Problems()
  const raw = await readManifest(sourceOf(flags), options, problems)
  if (!raw) throw problems.toError()

  const catalogue = await loadPlugins(wantedPlugins(raw), raw.directory, problems)
  const all = explainManifest(raw, catalogue, options, problems)
  if (problems.any) terminal.err(`${terminal.paintErr('yellow', 'This manifest has problems; portico check tells them.')}\n`)

  const settings = all.filter((one) => path === undefined || one.path === path || one.path.startsWith(`${path}.`))
  if (path !== undefined && settings.length === 0) throw new InputError(`there is no setting at or below ${path}${didYouMean(path, pathsOf(all))}`)
  return {
    status: 0,
    json: { settings },
    text: (paint) => renderTable(['setting', 'value', 'origin'], settings.map((one) => [one.path, showValue(one), { text: showOrigin(one.origin), style: 'dim' }]), paint),
  }
}

/** Every path that can be asked for: those of the settings, and what they stand below. */
function pathsOf(settings: readonly Explained[]): Set<string> {
  return new Set(settings.flatMap(({ path }) => path.split('.').map((_, index, steps) => steps.slice(0, index + 1).join('.'))))
}

function showValue({ value }: Explained): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function showOrigin(origin: Origin): string {
  if ('default' in origin) return 'default'
  if ('env' in origin) return `environment ${origin.env}`
  if ('flag' in origin) return origin.flag
  return `${origin.file}:${origin.line}`
}
