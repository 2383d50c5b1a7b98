import type { Call, Clock } from '../../kernel/plugin.ts'
import { integrationError, PartnerFailure, type Backlog, type IntegrationDriver, type IntegrationKeys, type PartnerRequest, type RealPartner, type Sent } from '../../kernel/ports/integrations/index.ts'
import { makeUuids } from '../../kernel/ports/uuid.ts'
import type { Entry } from './entry.ts'
import { lookAt, type OpenedOutbox } from './opened.ts'
import { GivenUp, isFull, type Outbox } from './outbox.ts'
import type { Replay } from './replay.ts'

export interface FileOutboxParts {
  readonly directory: string
  readonly keys: IntegrationKeys
  readonly binding: string
  readonly clock: Clock
  /** Takes the folder. */
  readonly open: () => Promise<OpenedOutbox>
  /** Makes what hands kept calls over; undefined when somebody else reads them. */
  readonly openReplay: ((outbox: Outbox) => Promise<Replay>) | undefined
}

/** Keeps each call as one line of the outbox, durable before it answers, and hands it over later. */
export class FileOutbox implements IntegrationDriver {
  readonly #parts: FileOutboxParts
  readonly #nextId: () => string
  /** Operations that only read. */
  readonly #reads: ReadonlySet<string>
  #real: RealPartner | undefined
  #opened: OpenedOutbox | undefined
  #opening: Promise<Replay> | undefined
  #replay: Replay | undefined

  constructor(parts: FileOutboxParts) {
    this.#parts = parts
    this.#nextId = makeUuids(parts.clock)
    this.#reads = new Set(Object.entries(parts.keys.operations ?? {}).filter(([, { method }]) => method === 'GET').map(([name]) => name))
  }

  behind(real: RealPartner): void {
    this.#real = real
  }

  /** Takes the folder, and begins to hand over what is in it. */
  async start(): Promise<void> {
    const { open, openReplay } = this.#parts
    const { outbox } = (this.#opened = await open())
    const real = this.#real
    if (!real || !openReplay) return
    this.#opening = openReplay(outbox).then((replay) => {
      this.#replay = replay
      replay.begin(real)
      return replay
    })
    // Told by each call that wants to be kept, and by the probe.
    this.#opening.catch(() => undefined)
  }

  async send({ operation, input, idempotencyKey }: PartnerRequest, call: Call): Promise<Sent> {
    const { binding, clock } = this.#parts
    if (this.#real && this.#reads.has(operation)) throw integrationError('INTEGRATION_NO_ANSWER_KEPT', { binding, operation, reason: 'it only reads, and who asked would not hear a later answer' })
    try {
      if (!this.#opened) throw new Error('the outbox is not started')
      const keptAt = clock.now()
      const entry: Entry = { id: this.#nextId(), time: new Date(keptAt).toISOString(), binding, operation, input, ...(idempotencyKey !== undefined && { idempotencyKey }) }
      // What is kept before there is a position would be taken for somebody else's.
      const replay = await this.#opening
      await this.#opened.outbox.append(`${JSON.stringify(entry)}\n`, () => call.remainingMs() > 0)
      replay?.kept(keptAt)
      return { accepted: true }
    } catch (cause) {
      if (cause instanceof GivenUp) throw new PartnerFailure({ why: 'timeout', reached: false, reason: cause.message }, cause)
      throw integrationError(isFull(cause) ? 'INTEGRATION_OUTBOX_FULL' : 'INTEGRATION_OUTBOX_FAILED', { binding, operation }, { cause })
    }
  }

  backlog(): Backlog {
    return this.#replay?.backlog ?? { waiting: 0, refused: 0 }
  }

  holds(): boolean {
    return this.#opening !== undefined && (this.#replay?.backlog.waiting ?? 1) > 0
  }

  /** Whether the outbox takes calls. */
  async health(): Promise<void> {
    if (!this.#opened) return lookAt(this.#parts.directory)
    await this.#opened.outbox.probe()
    await (await this.#opening)?.look()
  }

  /** What it took and has not handed over. */
  ailment(): string | undefined {
    const { waiting, refused, lastError } = this.backlog()
    const words = [
      ...(waiting > 0 ? [`${keptCalls(waiting, 'has', 'have')} not reached the partner${lastError ? `: ${lastError.code}` : ''}`] : []),
      ...(refused > 0 ? [`${keptCalls(refused, 'was', 'were')} refused for good`] : []),
    ]
    return words.length > 0 ? words.join('; ') : undefined
  }

  async close(): Promise<void> {
    const replay = await this.#opening?.catch(() => undefined)
    await replay?.close()
    await this.#opened?.close()
  }
}

function keptCalls(count: number, one: string, many: string): string {
  return count === 1 ? `1 kept call ${one}` : `${count} kept calls ${many}`
}
