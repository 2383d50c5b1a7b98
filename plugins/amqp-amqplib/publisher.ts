import type { ChannelModel, ConfirmChannel } from 'amqplib'
import type { Call } from '../../kernel/plugin.ts'
import { type AmqpMessage, databaseError } from '../../kernel/ports/amqp/index.ts'
import { within } from './calls.ts'
import { toDatabaseError } from './faults.ts'
import type { Link } from './link.ts'

/** A message that reached no queue; the broker said so before it confirmed it. */
class Unroutable extends Error {}

interface PublisherParts {
  readonly connection: string
  readonly link: Link
  readonly maxUnconfirmed: number
  readonly maxUnconfirmedBytes: number
  /** A queue, or an exchange, is not there any more. */
  readonly missing: (reason: string) => void
}

/** Publishes with confirmation, on one channel of each connection. */
export class Publisher {
  readonly #parts: PublisherParts
  #opened: { readonly model: ChannelModel; readonly channel: Promise<ConfirmChannel> } | undefined
  /** Those that reached no queue, until they are confirmed. */
  readonly #returned = new Map<string, string>()
  #unconfirmed = 0
  #unconfirmedBytes = 0
  #counted = 0

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** @throws as the port's `publish`. */
  async publish(messages: readonly AmqpMessage[], call: Call): Promise<void> {
    const { connection, link } = this.#parts
    const bytes = messages.reduce((sum, { content }) => sum + content.length, 0)
    if (this.#full(messages.length, bytes)) throw databaseError(connection, 'busy', '')

    const channel = await this.#channel(call)
    // A blocked connection is read no more: what is sent now would be confirmed when nobody waits for it.
    if (link.blocked !== undefined) throw databaseError(connection, 'busy', '')
    const sent: Promise<void>[] = []
    try {
      for (const message of messages) sent.push(this.#send(channel, message))
      await within(call, settled(sent))
    } catch (error) {
      for (const one of sent) one.catch(() => undefined)
      if (error instanceof Unroutable) this.#parts.missing(error.message)
      throw error instanceof Unroutable && error.cause === 'all' ? databaseError(connection, 'unavailable', '', error) : toDatabaseError(connection, error, sent.length > 0)
    }
  }

  /** Alone, a call may be larger than what may wait. */
  #full(count: number, bytes: number): boolean {
    const { maxUnconfirmed, maxUnconfirmedBytes } = this.#parts
    return this.#unconfirmed > 0 && (this.#unconfirmed + count > maxUnconfirmed || this.#unconfirmedBytes + bytes > maxUnconfirmedBytes)
  }

  async #channel(call: Call): Promise<ConfirmChannel> {
    const { connection, link } = this.#parts
    const model = await link.ready(call)
    if (this.#opened?.model !== model) this.#opened = { model, channel: this.#open(model) }
    try {
      return await within(call, this.#opened.channel)
    } catch (error) {
      throw toDatabaseError(connection, error)
    }
  }

  async #open(model: ChannelModel): Promise<ConfirmChannel> {
    const gone = () => {
      if (this.#opened?.model === model) this.#opened = undefined
    }
    try {
      const channel = await model.createConfirmChannel()
      channel.on('close', gone)
      channel.on('error', (error) => this.#parts.missing(error.message))
      channel.on('return', ({ fields, properties }) => {
        const { correlationId } = properties as { readonly correlationId?: string }
        // Of a basic.return the fields have a text, which stands in no type of the SDK.
        if (correlationId !== undefined) this.#returned.set(correlationId, String((fields as { readonly replyText?: unknown }).replyText))
      })
      return channel
    } catch (error) {
      gone()
      throw error
    }
  }

  #send(channel: ConfirmChannel, { exchange, key, id, content, contentType, headers, expiresInMs }: AmqpMessage): Promise<void> {
    const correlationId = String(++this.#counted)
    const body = Buffer.isBuffer(content) ? content : Buffer.from(content)
    const confirmed = Promise.withResolvers<undefined>()
    channel.publish(exchange, key, body, {
      persistent: true, mandatory: true, messageId: id, correlationId, contentType, headers,
      ...(expiresInMs !== undefined && { expiration: String(Math.round(expiresInMs)) }),
    }, (error: unknown) => {
      this.#unconfirmed--
      this.#unconfirmedBytes -= body.length
      const reason = this.#returned.get(correlationId)
      this.#returned.delete(correlationId)
      if (error) confirmed.reject(error)
      else if (reason !== undefined) confirmed.reject(new Unroutable(`${exchange}/${key} reaches no queue (${reason})`))
      else confirmed.resolve(undefined)
    })
    this.#unconfirmed++
    this.#unconfirmedBytes += body.length
    return confirmed.promise
  }
}

/** Answers when all are confirmed; `Unroutable` says in its cause whether that befell all of them. */
async function settled(sent: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(sent)
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []))
  const [first] = failures
  if (!first) return
  const other = failures.find((failure) => !(failure instanceof Unroutable))
  throw other ?? new Unroutable(first.message, { cause: failures.length === sent.length ? 'all' : 'some' })
}
