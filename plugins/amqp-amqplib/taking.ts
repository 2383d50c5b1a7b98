import type { Channel, ChannelModel, GetMessage } from 'amqplib'
import type { Call } from '../../kernel/plugin.ts'
import type { AmqpDelivery } from '../../kernel/ports/amqp/index.ts'
import { within } from './calls.ts'
import { toDatabaseError } from './faults.ts'

/** One channel on which messages are taken and held. */
export class TakingChannel {
  readonly model: ChannelModel
  /** Requests that wait for their answer. */
  asked = 0
  readonly #connection: string
  readonly #channel: Channel
  #live = true
  #barrier: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(connection: string, model: ChannelModel, channel: Channel, missing: (reason: string) => void) {
    this.#connection = connection
    this.model = model
    this.#channel = channel
    channel.on('close', () => {
      this.#live = false
    })
    channel.on('error', (error) => missing(error.message))
  }

  get live(): boolean {
    return this.#live
  }

  /** The first message of the queue, and how many are ready behind it; nothing where it is empty. */
  async get(queue: string, call: Call): Promise<{ readonly delivery: AmqpDelivery; readonly behind: number } | undefined> {
    this.asked++
    const asking = this.#ask(queue).finally(() => {
      this.asked--
    })
    try {
      const message = await within(call, asking)
      return message === false ? undefined : { delivery: this.#delivery(message), behind: message.fields.messageCount }
    } catch (error) {
      // It may still come, and nobody would know of it.
      void asking.then((message) => message !== false && this.#nack(message), () => undefined)
      throw toDatabaseError(this.#connection, error)
    }
  }

  async #ask(queue: string): Promise<GetMessage | false> {
    return this.#channel.get(queue, { noAck: false })
  }

  #delivery(message: GetMessage): AmqpDelivery {
    const { content, properties } = message
    const headers: Readonly<Record<string, unknown>> = properties.headers ?? {}
    const returns = headers['x-delivery-count']
    const isLive = () => this.#live
    return {
      id: textOf(properties.messageId), contentType: textOf(properties.contentType), content, headers,
      returns: typeof returns === 'number' ? returns : 0,
      get live() { return isLive() },
      ack: (call) => this.#ack(message, call),
      giveBack: () => this.#nack(message),
    }
  }

  async #ack(message: GetMessage, call: Call): Promise<void> {
    try {
      this.#channel.ack(message)
      // The broker answers no ack. It does what a channel is told in order, so its next answer says that the ack came.
      await within(call, this.#afterAll())
    } catch (error) {
      throw toDatabaseError(this.#connection, error, true)
    }
  }

  #nack(message: GetMessage): void {
    if (this.#live) this.#channel.nack(message, false, true)
  }

  /** Answers when the broker has taken in all that was sent; one question for all who ask while the last one is on its way. */
  #afterAll(): Promise<void> {
    this.#next ??= this.#barrier.catch(() => undefined).then(async () => {
      this.#next = undefined
      this.#barrier = this.#channel.prefetch(0).then(() => undefined)
      await this.#barrier
    })
    return this.#next
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
