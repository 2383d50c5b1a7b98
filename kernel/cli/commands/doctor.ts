import { check, startChecked } from '../../boot.ts'
import { isPorticoError } from '../../errors.ts'
import type { StartedStep } from '../../lifecycle/start-parts.ts'
import { makeLogger } from '../../logger.ts'
import type { Problem } from '../../manifest/problems.ts'
import type { PlanStep } from '../../plugins/plan.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import { wordsOfThrown } from '../../thrown.ts'
import { writeFailure, type Outcome } from '../outcome.ts'
import { renderTable } from '../table.ts'
import type { Style, Terminal } from '../terminal.ts'

interface Finding {
  readonly name: string
  readonly plugin: string
  readonly status: 'ok' | 'degraded' | 'failed' | 'not tried'
  readonly tookMs?: number
  readonly error?: string
}

/** Starts everything without listening, asks each binding how it is, and stops again. */
export async function doctor(flags: CommonFlags, terminal: Terminal): Promise<Outcome> {
  const source = sourceOf(flags)
  const options = manifestOptions(flags, terminal)
  const checked = await check(source, options)
  const log = makeLogger({ name: checked.manifest.name, level: 'error' })
  const steps: StartedStep[] = []

  let failure: unknown
  let findings: Finding[]
  try {
    const kernel = await startChecked(checked, { ...options, log, redaction: terminal.redaction, preparing: 'look', onStarted: (step) => steps.push(step) })
    findings = await askAll(steps, kernel.bindings).finally(() => kernel.close())
  } catch (error) {
    failure = error
    const blamed = blamedIn(checked.plan.steps, steps.length, error)
    findings = checked.plan.steps.map(({ id, spec }, index) => findingOf(id, spec.plugin.name, steps[index], blamed.get(id)))
  }

  if (failure !== undefined && flags.json !== true) writeFailure(failure, terminal, false)
  const sound = failure === undefined && findings.every(({ status }) => status === 'ok')
  // What ended the start was written in full above the table; its rows need not repeat it.
  const rows = failure === undefined ? findings : findings.map(({ error: _told, ...finding }) => finding)
  return { status: sound ? 0 : 1, json: { ok: sound, findings }, text: (paint) => renderTable(['status', 'name', 'plugin', 'took', 'error'], rows.map(rowOf), paint) }
}

/** The steps at fault by their id, with what is wrong: those that a problem of the manifest lies in, else the one that was being started. */
function blamedIn(steps: readonly PlanStep[], startedCount: number, error: unknown): ReadonlyMap<string, string> {
  const problems = problemsOf(error)
  const starting = steps[startedCount]
  if (problems.length === 0) return new Map(starting ? [[starting.id, wordsOfThrown(error)]] : [])

  const blamed = new Map<string, string>()
  for (const { path = '', message } of problems) {
    // The longest: `ports.cache` is the start of a setting of `ports.cache.second`.
    const owner = steps.filter(({ spec }) => `${path}.`.startsWith(`${spec.path}.`)).sort((a, b) => b.spec.path.length - a.spec.path.length)[0]
    if (owner) blamed.set(owner.id, [blamed.get(owner.id), message].filter((text) => text !== undefined).join('; '))
  }
  return blamed
}

function problemsOf(error: unknown): readonly Problem[] {
  const details = isPorticoError(error) && error.code === 'MANIFEST_INVALID' ? error.details : {}
  return 'problems' in details && Array.isArray(details.problems) ? (details.problems as readonly Problem[]) : []
}

interface Asked {
  health(): Promise<{ readonly status: 'ok' | 'degraded' | 'failed'; readonly latencyMs: number; readonly error?: string }>
}

function askAll(steps: readonly StartedStep[], bindings: ReadonlyMap<string, Asked>): Promise<Finding[]> {
  return Promise.all(steps.map(async ({ kind, name, plugin, tookMs, failure }): Promise<Finding> => {
    const binding = kind === 'binding' ? bindings.get(name) : undefined
    if (failure !== undefined || !binding) return { name, plugin, status: failure === undefined ? 'ok' : 'failed', tookMs, ...(failure === undefined ? {} : { error: failure }) }
    const { status, latencyMs, error } = await binding.health()
    return { name, plugin, status, tookMs: latencyMs, ...(error === undefined ? {} : { error }) }
  }))
}

/** What is known of a step when a start failed: it started, it is at fault, or it was not tried. */
function findingOf(name: string, plugin: string, started: StartedStep | undefined, error: string | undefined): Finding {
  if (started) return { name, plugin, status: 'ok', tookMs: started.tookMs }
  if (error === undefined) return { name, plugin, status: 'not tried' }
  return { name, plugin, status: 'failed', error }
}

const styles: Readonly<Record<Finding['status'], Style>> = { ok: 'green', degraded: 'yellow', failed: 'red', 'not tried': 'dim' }

function rowOf({ name, plugin, status, tookMs, error = '' }: Finding) {
  return [{ text: status, style: styles[status] }, name, plugin, tookMs === undefined ? '' : `${tookMs.toFixed(1)} ms`, error.split('\n', 1)[0] ?? '']
}
