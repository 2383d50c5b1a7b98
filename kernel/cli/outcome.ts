import { isPorticoError } from '../errors.ts'
import { wordsOfThrown } from '../thrown.ts'
import type { Paint, Terminal } from './terminal.ts'

/** 0: done · 1: the manifest or another input is at fault · 2: the command line is · 70: a bug of Portico. */
export type ExitStatus = 0 | 1 | 2 | 70

/** What a command found: the same for a person and for a program (`--json`). */
export interface Outcome {
  readonly status: ExitStatus
  readonly json: unknown
  /** For a person; the text ends with a line break. */
  readonly text: (paint: Paint) => string
}

/** Said by a command whose input is at fault, outside of the manifest: a file that is there already, a server that does not answer. */
export class InputError extends Error {}

/** Writes an outcome: to standard output when the command did what it was asked, to standard error when not. */
export function writeOutcome(outcome: Outcome, terminal: Terminal, json: boolean): ExitStatus {
  if (json) terminal.out(`${JSON.stringify(outcome.json, null, 2)}\n`)
  else if (outcome.status === 0) terminal.out(outcome.text(terminal.paint))
  else terminal.err(outcome.text(terminal.paintErr))
  return outcome.status
}

/** Writes what went wrong to standard error; only a bug shows its stack. */
export function writeFailure(error: unknown, terminal: Terminal, json: boolean): ExitStatus {
  const status = statusOf(error)
  if (json) terminal.err(`${JSON.stringify(failureJson(error, status), null, 2)}\n`)
  else terminal.err(failureText(error, status, terminal.paintErr))
  return status
}

function statusOf(error: unknown): ExitStatus {
  if (error instanceof InputError) return 1
  return isPorticoError(error) && error.code !== 'KERNEL_BUG' ? 1 : 70
}

function failureJson(error: unknown, status: ExitStatus): object {
  if (!isPorticoError(error)) return { error: { status, message: wordsOfThrown(error) } }
  // The report of a manifest is its message.
  const { report: _report, ...details }: Readonly<Record<string, unknown>> = { ...error.details }
  return { error: { status, code: error.code, message: error.message, ...details } }
}

function failureText(error: unknown, status: ExitStatus, paint: Paint): string {
  if (status === 70) return `${paint('red', 'This is a bug of Portico:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
  const code = isPorticoError(error) && error.code !== 'MANIFEST_INVALID' ? ` ${paint('dim', `(${error.code})`)}` : ''
  return `${paint('red', wordsOfThrown(error))}${code}\n${causes(error)}`
}

/** The chain of causes, one line each: the first line of each message, for an operator. */
function causes(error: unknown): string {
  let lines = ''
  let cause = error instanceof Error ? error.cause : undefined
  for (let depth = 0; cause !== undefined && depth < 5; depth += 1) {
    lines += `  because: ${wordsOfThrown(cause).split('\n', 1)[0] ?? ''}\n`
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return lines
}
