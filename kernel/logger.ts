import bunyan from 'bunyan'
import { isPorticoError } from './errors.ts'
import { LogStream, type LineSink } from './log-stream.ts'
import type { Log } from './log.ts'

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** The application's name in every line. */
  readonly name: string
  /** Standard output unless given. */
  readonly stream?: LineSink
}

/** A log of one bunyan record a line. `close` hands over what is pending; the log may still be used after it. */
export function makeLogger({ level, name, stream = process.stdout }: LoggerOptions): Log & { close(): void } {
  const lines = new LogStream(stream)
  const log = bunyan.createLogger({ name, streams: [{ level, stream: { write: (line: unknown) => { lines.write(String(line)) } } }], serializers: { err: describeError } })
  return { ...fromBunyan(log), close: () => lines.flush() }
}

/** Bound once, so that a call costs no more than bunyan's own. */
function fromBunyan(log: bunyan): Log {
  return {
    debug: (fields, message) => { log.debug(fields, message) },
    info: (fields, message) => { log.info(fields, message) },
    warn: (fields, message) => { log.warn(fields, message) },
    error: (fields, message) => { log.error(fields, message) },
    child: (fields) => fromBunyan(log.child(fields, true)),
  }
}

/** An error with its causes, at most four of them, and nothing else of what it carries (requests, settings, secrets). */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: typeof error === 'string' ? error : 'not an Error' }
  const code = isPorticoError(error) ? error.code : 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const cause = error.cause !== undefined && depth < 4 ? describeError(error.cause, depth + 1) : undefined
  return { name: error.name, message: error.message, ...(code === undefined ? {} : { code }), stack: error.stack, ...(cause === undefined ? {} : { cause }) }
}
