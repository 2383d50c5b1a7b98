import type { LineSink } from '../log-stream.ts'
import type { Paint, Style } from './terminal.ts'

type LogRecord = Readonly<Record<string, unknown>>

const levels: readonly { readonly from: number; readonly word: string; readonly style: Style }[] = [
  { from: 50, word: 'error', style: 'red' },
  { from: 40, word: 'warn', style: 'yellow' },
  { from: 30, word: 'info', style: 'cyan' },
  { from: 0, word: 'debug', style: 'dim' },
]

/** What is the same in every record, or stands elsewhere in its line. */
const untold = new Set(['name', 'hostname', 'pid', 'level', 'time', 'msg', 'v', 'err'])

/**
 * One bunyan record as a person on a terminal reads it: `12:04:05 GET /v1/storage/:collection/:id storage 200 1.2 ms` for
 * a request, `12:04:05 warn message key=value` for everything else, and below it the stack of an error. The time is local.
 * A line that is no record stays as it is.
 */
export function shortLine(line: string, paint: Paint): string {
  const record = recordOf(line)
  if (!record) return line
  const at = paint('dim', timeOf(record.time))
  return record.msg === 'request' && typeof record.method === 'string' ? `${at} ${requestText(record, paint)}` : `${at} ${messageText(record, paint)}`
}

/** A sink that hands every line on in its short form. */
export function shortLines(sink: LineSink, paint: Paint): LineSink {
  return {
    get writableLength() { return sink.writableLength ?? 0 },
    write: (text) => sink.write(text.split('\n').map((line) => (line === '' ? '' : shortLine(line, paint))).join('\n')),
  }
}

function recordOf(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'level' in value ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function timeOf(time: unknown): string {
  const at = new Date(String(time))
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

function requestText({ method, route, binding, status, ms, code }: LogRecord, paint: Paint): string {
  const style = Number(status) >= 500 ? 'red' : Number(status) >= 400 ? 'yellow' : 'green'
  const before = [method, route, binding].filter((word) => word !== undefined).map(oneLine)
  const after = [`${Number(ms).toFixed(1)} ms`, ...(code === undefined ? [] : [oneLine(code)])]
  return [...before, paint(style, String(status)), ...after].join(' ')
}

function messageText(record: LogRecord, paint: Paint): string {
  const { word, style } = levels.find(({ from }) => Number(record.level) >= from) ?? { word: 'debug', style: 'dim' as const }
  const fields = Object.entries(record).filter(([name]) => !untold.has(name)).map(([name, value]) => ` ${paint('dim', oneLine(`${name}=`))}${valueText(value)}`)
  return `${paint(style, word)} ${oneLine(record.msg)}${fields.join('')}${errorText(record.err, paint)}`
}

/** A word as it is; what would be taken for several, or for none, as JSON. */
function valueText(value: unknown): string {
  return oneLine(typeof value === 'string' && !/^[^\s"]+$/.test(value) ? JSON.stringify(value) : value)
}

/** An error and its causes, each with its code and its stack where it has them. */
function errorText(error: unknown, paint: Paint): string {
  if (typeof error !== 'object' || error === null) return ''
  const { code, message, stack, cause } = error as LogRecord
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)).map((line) => `\n    ${paint('dim', oneLine(line.trim()))}`) : []
  return `\n  ${typeof code === 'string' ? `${oneLine(code)}: ` : ''}${oneLine(message)}${frames.join('')}${errorText(cause, paint)}`
}

/** Control characters could move a terminal's cursor. */
function oneLine(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.replaceAll(/\p{Cc}/gu, '?')
}
