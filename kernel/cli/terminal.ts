import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { LineSink } from '../log-stream.ts'
import { Redaction } from '../redaction.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Colours a text, or leaves it as it is: only a terminal gets colour, and none when `NO_COLOR` is set. */
export type Paint = (style: Style, text: string) => string

/** A terminal that a person reads; `rows` is how many lines it shows. */
export interface Screen extends LineSink {
  readonly rows?: number
}

/** Where a command writes, and what it knows of its surroundings. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly paint: Paint
  readonly paintErr: Paint
  /** Standard output when a person reads it; undefined where it is no terminal. */
  readonly screen: Screen | undefined
  /** Standard error when a person reads it: where progress is shown. */
  readonly progress: LineSink | undefined
  /** Bytes in and out, with back-pressure, for commands that stream. */
  readonly input: Readable
  readonly output: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly directory: string
  /** What a report of a crash must not show. */
  readonly redaction: Redaction
}

export const plain: Paint = (_style, text) => text

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    paint: (style, text) => styleText(style, text, { stream: process.stdout }),
    paintErr: (style, text) => styleText(style, text, { stream: process.stderr }),
    screen: process.stdout.isTTY ? process.stdout : undefined,
    progress: process.stderr.isTTY ? process.stderr : undefined,
    // Opened only by who reads it: a standard input that was looked at holds the process.
    get input() { return process.stdin },
    output: process.stdout,
    env: process.env,
    directory: process.cwd(),
    redaction: new Redaction(),
  }
}
