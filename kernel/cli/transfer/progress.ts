import type { LineSink } from '../../log-stream.ts'

const leastMs = 200

/** One line on a terminal that is written over while work goes on; nothing where nobody reads it. */
export class Progress {
  readonly #sink: LineSink | undefined
  readonly #startedMs = performance.now()
  #shownMs = -Infinity

  constructor(sink: LineSink | undefined) {
    this.#sink = sink
  }

  /** `share`: how much of the whole, 0 to 1, when it is known. */
  show(doing: string, records: number, share?: number): void {
    const nowMs = performance.now()
    if (!this.#sink || nowMs - this.#shownMs < leastMs) return
    this.#shownMs = nowMs
    const seconds = (nowMs - this.#startedMs) / 1_000
    const part = share === undefined ? '' : `  ${Math.min(100, Math.floor(share * 100))} %`
    this.#sink.write(`\r\u001b[K${doing}  ${records.toLocaleString('en')}${part}  ${Math.round(records / Math.max(seconds, 0.001)).toLocaleString('en')}/s`)
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shownMs > 0) this.#sink?.write('\r\u001b[K')
  }
}
