import { check } from '../../boot.ts'
import { isPorticoError, type PorticoError } from '../../errors.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import type { Terminal } from '../terminal.ts'

/** Judges the manifest; a wrong one is what was asked for, so that it is an outcome and not a failure. */
export async function checkCommand(flags: CommonFlags, argument: string | undefined, terminal: Terminal): Promise<Outcome> {
  const source = sourceOf(flags, argument)
  try {
    const { manifest } = await check(source, manifestOptions(flags, terminal))
    const counts = { connections: manifest.connections.length, bindings: manifest.bindings.length, extensions: manifest.extensions.length }
    const chaos = manifest.chaos !== undefined
    return {
      status: 0,
      json: { valid: true, manifest: source.path, sha256: manifest.sha256, ...counts, chaos, problems: [] },
      text: (paint) => `${paint('green', `${source.path} is good`)}: ${many(counts.connections, 'connection')}, ${many(counts.bindings, 'binding')}, ${many(counts.extensions, 'extension')}${chaos ? '; it injects faults (chaos), and starts with --allow-chaos only' : ''}\n`,
    }
  } catch (error) {
    if (!isPorticoError(error) || error.code !== 'MANIFEST_INVALID') throw error
    return refused(source.path, error)
  }
}

function refused(path: string, error: PorticoError): Outcome {
  const problems = 'problems' in error.details && Array.isArray(error.details.problems) ? (error.details.problems as readonly unknown[]) : []
  return {
    status: 1,
    json: { valid: false, manifest: path, problems },
    text: (paint) => `${error.message}\n${paint('red', many(problems.length, 'problem'))}\n`,
  }
}

const many = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`
