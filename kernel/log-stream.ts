/** Where log lines go in the end: standard output, or a file's stream. */
export interface LineSink {
  write(text: string): unknown
  /** Bytes that were written and have not left the process. */
  readonly writableLength?: number
}

/** More than this is written at once. */
const maxPendingChars = 64 * 1024

/** How long a line may wait for others. */
const gatherMs = 10

/** A reader that has stalled for longer than this costs lines, and never the process its memory. */
const maxUnreadBytes = 8 * 1024 * 1024

/** Streams with lines that have not been handed over; a process that ends hands them over first. */
const unflushed = new Set<LogStream>()
let watchesExit = false

/**
 * Collects lines for 10 ms and writes them at once: a write for each, or even for each turn of the event loop, would
 * cost more than the lines. A process that ends by itself loses none. While the sink has 8 MiB unread, lines are dropped, and their count is written when it reads again.
 */
export class LogStream {
  readonly #sink: LineSink
  #pending = ''
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  write(line: string): boolean {
    if ((this.#sink.writableLength ?? 0) > maxUnreadBytes) {
      this.#dropped++
      return false
    }
    this.#pending += line
    if (this.#pending.length > maxPendingChars) this.flush()
    else if (!this.#timer) {
      flushAtExit(this)
      this.#timer = setTimeout(() => this.flush(), gatherMs).unref()
    }
    return true
  }

  /** Hands everything over to the sink now. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    unflushed.delete(this)
    if (this.#pending === '') return
    const text = this.#pending
    this.#pending = ''
    this.#sink.write(this.#dropped === 0 ? text : `${text}${this.#takeDropped()}`)
  }

  #takeDropped(): string {
    const line = `${JSON.stringify({ level: 40, time: new Date().toISOString(), msg: 'log lines were dropped: nobody read them', dropped: this.#dropped })}\n`
    this.#dropped = 0
    return line
  }
}

/** One listener for all streams: one for each would outlive it. */
function flushAtExit(stream: LogStream): void {
  unflushed.add(stream)
  if (watchesExit) return
  watchesExit = true
  process.on('exit', () => { for (const pending of unflushed) pending.flush() })
}
