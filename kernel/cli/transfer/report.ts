import { isPorticoError } from '../../errors.ts'
import { wordsOfThrown } from '../../thrown.ts'
import { InputError, type Outcome } from '../outcome.ts'
import type { Paint } from '../terminal.ts'
import type { Done } from './importing.ts'
import { FaultyLine } from './lines.ts'

export function importOutcome(done: Done): Outcome {
  return { status: 0, json: { ok: true, ...jsonOf(done) }, text: (paint) => `${paint('green', 'imported')} ${textOf(done, paint)}\n` }
}

/** What stopped it, and what is there by now. @throws the error, when it is not the input's or the backend's. */
export function importFailed(error: unknown, done: Done): Outcome {
  const code = isPorticoError(error) || error instanceof FaultyLine ? error.code : undefined
  if (!(error instanceof InputError) && (code === undefined || code === 'KERNEL_BUG')) throw error

  const stored = done.counts.added + done.counts.replaced
  const line = error instanceof FaultyLine ? { line: error.line } : {}
  return {
    status: 1,
    json: { ok: false, error: { message: wordsOfThrown(error), ...line, ...(code === undefined ? {} : { code }) }, ...jsonOf(done) },
    text: (paint) => `${paint('red', wordsOfThrown(error))}${code === undefined ? '' : ` ${paint('dim', `(${code})`)}`}${causeOf(error)}\n${stored === 0 ? 'nothing was imported' : `imported before: ${textOf(done, paint)}; the same command with --resume goes on`}\n`,
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && !(error instanceof FaultyLine) ? error.cause : undefined
  return cause === undefined ? '' : `\n  because: ${wordsOfThrown(cause).split('\n', 1)[0] ?? ''}`
}

function jsonOf({ binding, file, counts, stored, toRun }: Done): object {
  return { binding, file, ...counts, stored: Object.fromEntries(stored), toRun }
}

function textOf({ binding, file, counts, stored, toRun }: Done, paint: Paint): string {
  const all = Object.values<number>({ ...counts }).reduce((sum, count) => sum + count, 0)
  const words = { added: 'added', replaced: 'replaced', skipped: 'left as they were', same: 'there already', expired: 'expired and left out' }
  const each = Object.entries(words).flatMap(([what, word]) => {
    const count = counts[what as keyof typeof words]
    return count === 0 ? [] : [`${count.toLocaleString('en')} ${word}`]
  })
  const now = Array.from(stored, ([collection, count]) => `${collection} ${count.toLocaleString('en')}`)
  return `${paint('bold', all.toLocaleString('en'))} records of ${file} into ${binding}: ${each.join(', ') || 'none'}${now.length === 0 ? '' : `; stored now: ${now.join(', ')}`}${toRun.length === 0 ? '' : `\nstill to run, by portico migrate apply or the next start: ${toRun.join(', ')}`}`
}
