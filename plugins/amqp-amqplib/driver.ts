import type { ChannelModel } from 'amqplib'
import { type Call, type Clock, type Log } from '../../kernel/plugin.ts'
import { type AmqpConnection, type AmqpDelivery, type AmqpMessage, type AmqpTopology, databaseError } from '../../kernel/ports/amqp/index.ts'
import { internalCall, within } from './calls.ts'
import { codeOf, toDatabaseError } from './faults.ts'
import { Link } from './link.ts'
import type { Settings } from './open.ts'
import { Publisher } from './publisher.ts'
import { remedy } from './remedies.ts'
import { Signals } from './signals.ts'
import { TakingChannel } from './taking.ts'
import { declare } from './topology.ts'

interface OpenParts {
  readonly connection: string
  readonly settings: Settings
  readonly log: Log
  readonly clock: Clock
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
  readonly onClose: (close: () => Promise<void>) => void
}

/** Callers that may wait for an answer of one taking channel; the SDK keeps their requests in a line of its own. */
const maxAsked = 1_000
const declareMs = 30_000

/** @throws DATABASE_FAILED with what to change. */
export async function openAmqp({ connection, settings, log, signal, onClose }: OpenParts): Promise<AmqpConnection> {
  const opened = new AmqplibConnection(connection, settings, log)
  onClose(() => opened.close())
  await opened.open(signal)
  return opened
}

/**
 * A broker, over two connections: what is published has one of its own, for a broker that is short of memory stops reading from
 * whoever publishes, and acknowledgements must still come through.
 */
class AmqplibConnection implements AmqpConnection {
  readonly maxHoldMs: number
  readonly signals: AmqpConnection['signals']
  readonly #connection: string
  readonly #settings: Settings
  readonly #log: Log
  readonly #publishing: Link
  readonly #taking: Link
  readonly #publisher: Publisher
  readonly #topologies: AmqpTopology[] = []
  #channels: TakingChannel[] = []
  /** By place, where one is made anew. */
  readonly #opening: (Promise<TakingChannel> | undefined)[] = []
  #declaring: Promise<void> | undefined

  constructor(connection: string, settings: Settings, log: Log) {
    this.#connection = connection
    this.#settings = settings
    this.#log = log
    this.maxHoldMs = settings.maxHoldMs
    const signals = new Signals()
    this.signals = { send: (channel) => signals.send(channel), on: (channel, listener) => signals.on(channel, listener) }

    this.#publishing = new Link({ connection, settings, log, purpose: 'publishing', prepare: (model) => signals.attach(model) })
    this.#taking = new Link({ connection, settings, log, purpose: 'taking', prepare: (model) => this.#prepare(model) })
    this.#publisher = new Publisher({
      connection, link: this.#publishing, maxUnconfirmed: settings.maxUnconfirmed, maxUnconfirmedBytes: settings.maxUnconfirmedSizeBytes,
      missing: (reason) => this.#missing(reason),
    })
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#taking.open(this.#settings.connectWithinMs, signal)
    await this.#publishing.open(this.#settings.connectWithinMs, signal)
  }

  async keep(topology: AmqpTopology, call: Call): Promise<void> {
    const model = await this.#taking.ready(call)
    try {
      await within(call, declare(model, [topology]))
    } catch (error) {
      throw codeOf(error) === undefined ? toDatabaseError(this.#connection, error) : databaseError(this.#connection, 'failed', remedy(this.#connection, error), error)
    }
    this.#topologies.push(topology)
  }

  publish(messages: readonly AmqpMessage[], call: Call): Promise<void> {
    return this.#publisher.publish(messages, call)
  }

  async take(queue: string, { max, maxBytes }: { readonly max: number; readonly maxBytes: number }, call: Call): Promise<readonly AmqpDelivery[]> {
    const first = await (await this.#channel(call)).get(queue, call)
    if (!first) return []
    const taken = [first.delivery]
    let left = Math.min(max - 1, first.behind)
    let bytes = first.delivery.content.length
    const more = async () => {
      while (bytes < maxBytes && left-- > 0) {
        const next = await (await this.#channel(call)).get(queue, call)
        if (!next) return
        taken.push(next.delivery)
        bytes += next.delivery.content.length
      }
    }
    const ends = await Promise.allSettled(Array.from({ length: Math.min(left, this.#settings.channels) }, more))
    for (const end of ends) if (end.status === 'rejected') this.#log.debug({ err: end.reason as unknown }, 'fewer messages were taken than are there')
    return taken
  }

  async health(call: Call): Promise<void> {
    const [model] = await Promise.all([this.#publishing.ready(call), this.#taking.ready(call)])
    if (this.#publishing.blocked !== undefined) throw databaseError(this.#connection, 'busy', '')
    try {
      await within(call, model.createChannel().then((channel) => channel.close()))
    } catch (error) {
      throw toDatabaseError(this.#connection, error)
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#taking.close(), this.#publishing.close()])
  }

  async #prepare(model: ChannelModel): Promise<void> {
    await within(internalCall(declareMs), declare(model, this.#topologies))
    this.#channels = await Promise.all(Array.from({ length: this.#settings.channels }, () => this.#open(model)))
  }

  async #open(model: ChannelModel): Promise<TakingChannel> {
    return new TakingChannel(this.#connection, model, await model.createChannel(), (reason) => this.#missing(reason))
  }

  /** The channel that has least to do. One that the broker closed is made anew. */
  async #channel(call: Call): Promise<TakingChannel> {
    const model = await this.#taking.ready(call)
    const [at, least] = [...this.#channels.entries()].reduce((best, one) => (one[1].live && one[1].asked >= best[1].asked ? best : one))
    if (least.asked >= maxAsked) throw databaseError(this.#connection, 'busy', '')
    if (least.live) return least

    const opening = this.#opening[at] ?? this.#open(model).then((channel) => (this.#channels[at] = channel)).finally(() => {
      this.#opening[at] = undefined
    })
    this.#opening[at] = opening
    try {
      return await within(call, opening)
    } catch (error) {
      throw toDatabaseError(this.#connection, error)
    }
  }

  /** Somebody deleted what was declared: it is made again, once for all who miss it. */
  #missing(reason: string): void {
    this.#declaring ??= this.#declareAgain(reason).finally(() => {
      this.#declaring = undefined
    })
  }

  async #declareAgain(reason: string): Promise<void> {
    this.#log.error({ reason }, 'a channel was closed, or a message reached no queue; what is declared is declared again')
    try {
      const call = internalCall(declareMs)
      await within(call, declare(await this.#taking.ready(call), this.#topologies))
    } catch (error) {
      this.#log.error({ err: error }, 'what is missing could not be declared')
    }
  }
}
