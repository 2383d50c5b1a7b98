import { check, startChecked } from '../../boot.ts'
import { onSignals } from '../../lifecycle/signals.ts'
import type { StartedStep } from '../../lifecycle/start-parts.ts'
import { makeLogger } from '../../logger.ts'
import { kernelVersion } from '../../version.ts'
import { shortLines } from '../log-lines.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import type { ExitStatus } from '../outcome.ts'
import type { Terminal } from '../terminal.ts'

type Flags = CommonFlags & { readonly insecureListen?: boolean; readonly allowChaos?: boolean }

/**
 * Starts everything, listens, and ends when a signal asks for it and what was in flight is done.
 * A signal that comes while it starts is kept until it has started; a second one ends the process at once.
 */
export async function start(flags: Flags, argument: string | undefined, terminal: Terminal): Promise<ExitStatus> {
  const stop = Promise.withResolvers<NodeJS.Signals>()
  const forgetSignals = onSignals(process, stop.resolve)
  const tell = flags.json === true ? jsonLines(terminal) : lines(terminal)
  const source = sourceOf(flags, argument)
  const startedMs = performance.now()

  tell.starting(source.path)
  const options = manifestOptions(flags, terminal)
  const checked = await check(source, options)
  const stream = flags.json === true || !terminal.screen ? undefined : shortLines(terminal.screen, terminal.paint)
  const log = makeLogger({ name: checked.manifest.name, level: checked.manifest.server.logLevel, ...(stream ? { stream } : {}) })
  const kernel = await startChecked(checked, { ...options, log, redaction: terminal.redaction, onStarted: tell.started, insecureListen: flags.insecureListen ?? false, allowChaos: flags.allowChaos ?? false })
    .catch((error: unknown) => { log.close(); throw error })
  try {
    const { url } = await kernel.listen()
    tell.listening(url, performance.now() - startedMs)
    tell.stopping(await stop.promise)
  } finally {
    const failures = await kernel.close()
    log.close()
    tell.stopped(failures)
    forgetSignals()
  }
  return 0
}

interface Telling {
  readonly starting: (path: string) => void
  readonly started: (step: StartedStep) => void
  readonly listening: (url: string, tookMs: number) => void
  readonly stopping: (signal: NodeJS.Signals) => void
  readonly stopped: (failures: number) => void
}

function lines({ out, paint }: Terminal): Telling {
  return {
    starting: (path) => { out(`${paint('bold', `Portico ${kernelVersion}`)}  ${path}\n\n`) },
    started: ({ name, plugin, tookMs, failure }) => {
      const state = failure === undefined ? paint('green', 'started') : paint('yellow', 'down   ')
      out(`  ${state}  ${name.padEnd(28)}  ${plugin.padEnd(12)}  ${failure ?? `${tookMs.toFixed(1)} ms`.padStart(10)}\n`)
    },
    listening: (url, tookMs) => {
      out(`\n  listening on  ${paint('bold', url)}  (ready in ${Math.round(tookMs)} ms)\n  OpenAPI page  ${url}/docs\n\n`)
    },
    stopping: (signal) => { out(`${signal}: finishing what is in flight; a second signal ends at once\n`) },
    stopped: (failures) => { out(failures === 0 ? 'stopped\n' : `stopped; ${failures} could not be closed, see the log\n`) },
  }
}

/** One JSON object a line, as it happens. */
function jsonLines({ out }: Terminal): Telling {
  const line = (event: string, fields: object) => { out(`${JSON.stringify({ event, ...fields })}\n`) }
  return {
    starting: (path) => { line('starting', { version: kernelVersion, manifest: path }) },
    started: ({ kind, name, plugin, tookMs, failure }) => { line('started', { kind, name, plugin, tookMs, ...(failure === undefined ? {} : { failure }) }) },
    listening: (url, tookMs) => { line('listening', { url, docs: `${url}/docs`, tookMs }) },
    stopping: (signal) => { line('stopping', { signal }) },
    stopped: (failures) => { line('stopped', { failures }) },
  }
}
