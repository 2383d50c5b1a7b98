import { open, type FileHandle } from 'node:fs/promises'
import type { Call, Clock, Log } from '../../kernel/plugin.ts'
import { PartnerFailure, type Exchange, type IntegrationDriver, type PartnerAnswer, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { exchangeOf, type Masks } from './record.ts'

export interface RecorderParts {
  readonly file: string
  readonly maxBytes: number
  readonly masks: Masks
  readonly log: Log
  readonly clock: Clock
}

const lineBreak = 0x0a

/** Writes what calls were answered to a file, up to a size, behind the calls: none of them waits for it or fails by it. */
export class Recorder {
  readonly #parts: RecorderParts
  readonly #handle: FileHandle
  #bytes: number
  #isFull = false
  #writing: Promise<void> = Promise.resolve()

  private constructor(parts: RecorderParts, handle: FileHandle, bytes: number) {
    this.#parts = parts
    this.#handle = handle
    this.#bytes = bytes
  }

  /** Goes on after the last whole line of the file; makes it, for its owner alone to read, when it is not there. */
  static async open(parts: RecorderParts): Promise<Recorder> {
    const handle = await openFile(parts.file)
    try {
      const bytes = await cutUnfinished(handle)
      parts.log.warn({ file: parts.file }, 'exchanges with the partner are recorded: this is for making tests, not for every day')
      return new Recorder(parts, handle, bytes)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  note(request: PartnerRequest, outcome: PartnerAnswer | PartnerFailure): void {
    if (this.#isFull) return
    const exchange = exchangeOf(request, outcome, this.#parts.masks, new Date(this.#parts.clock.now()))
    if (exchange) this.#append(exchange)
    else this.#parts.log.warn({ operation: request.operation }, 'an exchange is not recorded: a header or key of the settings stands where it cannot be masked')
  }

  async close(): Promise<void> {
    this.#isFull = true
    await this.#writing
    await this.#handle.close()
  }

  /** What waits to be written is counted: it is no more than the file may hold. */
  #append(exchange: Exchange): void {
    const line = Buffer.from(`${JSON.stringify(exchange)}\n`)
    if (this.#bytes + line.length > this.#parts.maxBytes) return this.#end('it has reached record.maxSize')
    this.#bytes += line.length
    this.#writing = this.#writing.then(() => this.#handle.appendFile(line)).catch((error: unknown) => this.#end('it cannot be written', error))
  }

  #end(why: string, error?: unknown): void {
    if (!this.#isFull) this.#parts.log.warn({ file: this.#parts.file, ...(error !== undefined && { err: error }) }, `the recording ends here: ${why}`)
    this.#isFull = true
  }
}

/** A driver whose calls are noted, answered or not; one that its caller gave up tells nothing of the partner. */
export class RecordedPartner implements IntegrationDriver {
  readonly #partner: IntegrationDriver
  readonly #recorder: Recorder

  constructor(partner: IntegrationDriver, recorder: Recorder) {
    this.#partner = partner
    this.#recorder = recorder
  }

  async send(request: PartnerRequest, call: Call): Promise<Sent> {
    try {
      const sent = await this.#partner.send(request, call)
      if ('answer' in sent) this.#recorder.note(request, sent.answer)
      return sent
    } catch (error) {
      if (error instanceof PartnerFailure && !call.signal.aborted) this.#recorder.note(request, error)
      throw error
    }
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a+', 0o600)
  } catch (cause) {
    throw new Error(`record.file: ${file} cannot be opened for writing`, { cause })
  }
}

/** How long it is without a last line that a crash cut short. */
async function cutUnfinished(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat()
  const chunk = Buffer.alloc(65_536)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunk.length)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    const at = chunk.subarray(0, bytesRead).lastIndexOf(lineBreak)
    if (at !== -1 || start === 0) {
      const whole = at === -1 ? 0 : start + at + 1
      if (whole < size) await handle.truncate(whole)
      return whole
    }
    end = start
  }
  return 0
}
